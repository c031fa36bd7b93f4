// A provider process: flags → ports → startNode → one JSON line on stdout when it is ready, or one that says why it
// can't be. SIGTERM and the end of its starter stop it cleanly; a kill -9 at any point is recovered from by starting it
// again with the same home.
import { fstatSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { explain, WeftError } from "@weft/protocol/Errors";
import { readControl } from "./control.ts";
import { checkRoom } from "./disk.ts";
import { writeDisputes } from "./disputesFile.ts";
import { exitCodeOf } from "./exitCodes.ts";
import { type NodeFlags, parseFlags } from "./flags.ts";
import { openLog } from "./log.ts";
import { metricsOf, writeMetrics } from "./metricsFile.ts";
import { openPorts } from "./openPorts.ts";
import { type RunningNode, startNode } from "./startNode.ts";

/** A clean stop that takes longer is cut short: everything on disk is safe at any moment. */
const stopTimeoutMs = 8000;
const controlPollMs = 1000;

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function main(): Promise<void> {
  const given = parseFlags(process.argv.slice(2));
  const flags: NodeFlags = { ...given, home: resolve(given.home), network: resolve(given.network) };
  const { log, close: closeLog } = openLog({ home: flags.home, level: flags.logLevel });
  // The system clock's timers keep no process alive; until a socket listens, this does.
  const alive = setInterval(() => {}, 60_000);
  try {
    await run(flags, log);
  } catch (error) {
    log.error({ err: error }, "the node can't go on");
    throw error;
  } finally {
    clearInterval(alive);
    closeLog();
  }
}

async function run(flags: NodeFlags, log: ReturnType<typeof openLog>["log"]): Promise<void> {
  const opened = await openPorts(flags, log);
  const { ports, nodeId, networkId, settings, faults } = opened;
  try {
    const node = await startNode({ nodeId, networkId, settings, faults }, ports);
    // Before anybody is told that it is ready: who starts a node may stop it at once.
    const told = stopTold();
    const { peerId } = ports.transport;
    const addresses = ports.transport.addresses();
    log.info({ nodeId, peerId, addresses, name: flags.name, pid: process.pid }, "node is up");
    say({ ready: true, nodeId, peerId, addresses, pid: process.pid, ...(flags.name ? { name: flags.name } : {}) });
    // The next start, and the next node on this machine, load compiled code; a kill would lose it.
    flushCompileCache();
    // From here on small rather than fast. Not earlier: it would make the start slower, and V8 throws away cached code
    // that was compiled under other flags.
    setFlagsFromString("--optimize-for-size");
    const reasons = [told, opened.opened.ended.then(() => "the chain view ended")];
    let fault: unknown;
    const why = await untilStopped(flags, node, reasons).catch((error: unknown) => {
      fault = diskFault(flags.home) ?? error;
      return explain(fault);
    });
    log.info({ why }, "stopping");
    const late = setTimeout(() => process.exit(fault === undefined ? 0 : exitCodeOf(codeOf(fault))), stopTimeoutMs);
    await node.stop();
    clearTimeout(late);
    if (fault !== undefined) throw fault;
  } finally {
    await opened.close().catch((err: unknown) => log.error({ err }, "not closed in order"));
  }
}

/** What failed otherwise for want of room is told as that. */
function diskFault(home: string): unknown {
  try {
    checkRoom(home, "running");
    return undefined;
  } catch (error) {
    return error;
  }
}

const codeOf = (error: unknown): string | undefined => (error instanceof WeftError ? error.code : undefined);

/** A signal, or the end of the starter. */
function stopTold(): Promise<string> {
  const signals = (["SIGTERM", "SIGINT", "SIGHUP"] as const).map(
    (signal) => new Promise<string>((stop) => process.once(signal, () => stop(signal))),
  );
  return Promise.race([...signals, starterGone()]);
}

/**
 * Follows the owner's switch until one of `reasons` comes.
 * @throws WeftError `disk.full`
 */
async function untilStopped(flags: NodeFlags, node: RunningNode, reasons: readonly Promise<string>[]): Promise<string> {
  let follow: NodeJS.Timeout | undefined;
  let told = "[]";
  let measured = "";
  const full = new Promise<never>((_, fail) => {
    follow = setInterval(() => {
      try {
        checkRoom(flags.home, "running");
        const wanted = readControl(flags.home);
        if (wanted !== undefined) node.setOpenness(wanted);
        const status = node.status();
        const text = JSON.stringify(status.disputes);
        if (text !== told) writeDisputes(flags.home, status.disputes);
        told = text;
        const metrics = metricsOf(status);
        if (metrics !== measured) writeMetrics(flags.home, metrics);
        measured = metrics;
      } catch (error) {
        fail(error);
      }
    }, controlPollMs);
  });
  try {
    return await Promise.race([...reasons, full]);
  } finally {
    clearInterval(follow);
  }
}

/** A starter that holds our standard input is gone when the pipe ends; any other input says nothing. */
function starterGone(): Promise<string> {
  const input = fstatSync(0, { bigint: false });
  if (!input.isFIFO() && !input.isSocket()) return new Promise(() => {});
  return new Promise((stop) => {
    process.stdin.resume();
    process.stdin.once("end", () => stop("the starter is gone"));
    process.stdin.once("error", () => stop("the starter is gone"));
  });
}

/** Runs until stopped, then ends the process with its exit code. */
export async function runProcess(): Promise<never> {
  process.on("unhandledRejection", (reason) => {
    // A stray rejection is a defect, but no reason to drop leases: it is said and the node goes on.
    process.stderr.write(`unhandled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}\n`);
  });
  try {
    await main();
  } catch (error) {
    const known = error instanceof WeftError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    const remedy = known?.remedy;
    say({ ready: false, error: { code: known?.code ?? "node.failed", message, ...(remedy ? { remedy } : {}) } });
    process.stderr.write(`${known ? explain(known) : error instanceof Error ? (error.stack ?? message) : message}\n`);
    process.exit(exitCodeOf(known?.code));
  }
  process.exit(0);
}
