// The keeper: a small process that runs the development chain and outlives its starter just long enough to clean up.
//
// Its standard input ends when `weft start` ends, however that happens (kill -9 too). It then ends every process it was
// told of, and the chain last, so that the chain's state is written. Lines on standard
// input: {"guard": ProcessRecord}, each answered with {"guarding": pid}. Parameters: the chain's folder, a port or 0 for a free one; and for a network that
// other machines join, the address and port of a public door and the network file it serves. `--block-seconds=N` sets
// the chain's pace.
import { createInterface } from "node:readline";
import * as DevChain from "@weft/chain/DevChain";
import { WeftError } from "@weft/protocol/Errors";
import { endProcess, type ProcessRecord } from "../process/processMark.ts";

/** Time that a node or gateway has to write its state. */
const graceMs = 8000;
const maxGuarded = 256;
const paceFlag = "--block-seconds=";

const guarded: ProcessRecord[] = [];
let chain: DevChain.DevChain | undefined;
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  await Promise.all(guarded.map((record) => endProcess(record, graceMs)));
  await chain?.stop();
  process.exit(code);
}

function listen(): void {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const { guard } = JSON.parse(line) as { guard: ProcessRecord };
    if (guarded.length >= maxGuarded) return;
    guarded.push(guard);
    process.stdout.write(`${JSON.stringify({ guarding: guard.pid })}\n`);
  });
  lines.on("close", () => void stop(0));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => void stop(0));
}

async function main(): Promise<void> {
  const given = process.argv.slice(2);
  const [folder, port, address, doorPort, networkFile] = given.filter((word) => !word.startsWith("--"));
  const pace = given.find((word) => word.startsWith(paceFlag))?.slice(paceFlag.length);
  listen();
  // The starter may be gone by the time something is said.
  process.stdout.on("error", () => {});
  try {
    chain = await DevChain.start({
      folder: folder as string,
      ...(Number(port) > 0 ? { port: Number(port) } : {}),
      ...(pace === undefined ? {} : { blockTimeSeconds: Number(pace) }),
    });
    if (address !== undefined && networkFile !== undefined)
      // Loaded only for a network with a door: everyone waits for this process.
      await (await import("./publicDoor.ts")).openDoor({
        address,
        port: Number(doorPort),
        chainPort: chain.port,
        networkFile,
      });
  } catch (error) {
    const { code, message, remedy, details } =
      error instanceof WeftError
        ? error
        : { code: "chain.notReady", message: String(error), remedy: undefined, details: {} };
    process.stdout.write(`${JSON.stringify({ ready: false, error: { code, message, remedy, details } })}\n`);
    await stop(1);
    return;
  }
  if (stopping) return void chain.stop();
  const { rpcUrl, port: bound, pid } = chain;
  process.stdout.write(`${JSON.stringify({ ready: true, rpcUrl, port: bound, chainPid: pid })}\n`);
  const { code, signal } = await chain.exited;
  if (stopping) return;
  process.stderr.write(`the development chain ended by itself (${signal ?? `exit ${code}`}), see ${chain.logFile}\n`);
  await stop(1);
}

await main();
