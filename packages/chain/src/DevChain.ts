// The embedded development chain: starts and stops the anvil binary, keeps its state in one folder, restarts from it.
//
// Runs the platform binary itself (a kill of the package's JS shim would leave anvil behind) with interval mining
// (automine stalls above about 1,000 unwaited transactions). After kill -9 the chain comes back up to two state
// intervals older: whoever follows it must handle a rewind. Not for real money: its accounts are publicly known.
import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WeftError } from "@weft/protocol/Errors";
import { keepState, settleState, stateFiles } from "./chainState.ts";

export interface DevChainOptions {
  /** Folder for state, log, cache and pid file; a second start with the same folder continues the same chain. */
  folder: string;
  /** TCP port on 127.0.0.1; a free one when absent. */
  port?: number;
  /** Seconds between blocks; 0.25 when absent. */
  blockTimeSeconds?: number;
  /** Mine only on evm_mine, for a test kit that drives time itself. */
  noMining?: boolean;
  /** 31337 when absent. */
  chainId?: number;
  /** Whole seconds between state dumps, 2 when absent; a kill -9 loses what happened since the last whole one. */
  stateIntervalSeconds?: number;
  /** Unix seconds of the genesis block; the wall clock's when absent. */
  genesisTimestamp?: number;
}

export interface DevChain {
  readonly rpcUrl: string;
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  /** Settles when anvil has ended, wanted or not. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Dumps the state and ends anvil; kills it after 10 s. */
  stop(): Promise<void>;
  /** kill -9, for fault tests: loses what happened since the last whole dump. */
  kill(): Promise<void>;
}

const logLimitBytes = 1024 * 1024;
const logCheckMs = 30_000;
const readyTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;
const freePortTries = 4;

/**
 * Starts anvil and resolves when it answers.
 * @throws WeftError `chain.portTaken`, `chain.noBinary`, `chain.notReady`, `chain.leftover`, those of settleState
 */
export async function start(options: DevChainOptions): Promise<DevChain> {
  mkdirSync(options.folder, { recursive: true });
  await endLeftover(options.folder);
  if (options.port !== undefined) {
    if (!(await portIsFree(options.port))) throw portTaken(options.port);
    return launch(options, options.port);
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(options, await freePort());
    } catch (error) {
      if (attempt === freePortTries || !(error instanceof WeftError) || error.code !== "chain.portTaken") throw error;
    }
  }
}

async function launch(options: DevChainOptions, port: number): Promise<DevChain> {
  const logFile = join(options.folder, "anvil.log");
  boundLog(logFile);
  const from = settleState(options.folder);
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(binaryPath(), commandLine(options, { port, from }), {
    stdio: ["ignore", log, log],
    // anvil writes under HOME; its own folder keeps that off the user's home.
    env: { ...process.env, HOME: options.folder, RUST_LOG: "error" },
  });
  closeSync(log);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: 1, signal: null }));
  });
  const rpcUrl = `http://127.0.0.1:${port}`;
  await untilReady(child, { rpcUrl, port, logFile });
  const pid = child.pid as number;
  writeFileSync(pidFile(options.folder), `${pid}\n`);
  const guard = setInterval(() => boundLog(logFile), logCheckMs).unref();
  const endKeeping = keepEvery(options);
  const endWithUs = () => void child.kill("SIGTERM");
  process.once("exit", endWithUs);
  void exited.then(() => {
    clearInterval(guard);
    process.removeListener("exit", endWithUs);
  });
  child.unref();
  const ended = exited.then(async (how) => {
    await endKeeping();
    return how;
  });
  return {
    ...{ rpcUrl, port, pid, logFile, exited: ended },
    stop: async () => {
      await stop(child, ended);
      settleState(options.folder);
    },
    kill: () => kill(child, ended),
  };
}

/** Puts what anvil dumped in place as often as it dumps. Returns the end of it, which waits for the look under way. */
function keepEvery(options: DevChainOptions): () => Promise<void> {
  let looking: Promise<void> | undefined;
  const look = () => {
    // A look that fails (a full disk) is taken again at the next turn.
    looking ??= keepState(options.folder)
      .catch(() => undefined)
      .finally(() => (looking = undefined));
  };
  const timer = setInterval(look, stateIntervalOf(options) * 1000).unref();
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

const stateIntervalOf = ({ stateIntervalSeconds }: DevChainOptions): number => stateIntervalSeconds ?? 2;

function commandLine(options: DevChainOptions, { port, from }: { port: number; from: string | undefined }): string[] {
  const mining = options.noMining ? ["--no-mining"] : ["--block-time", String(options.blockTimeSeconds ?? 0.25)];
  const genesis = options.genesisTimestamp === undefined ? [] : ["--timestamp", String(options.genesisTimestamp)];
  return [
    ...["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(options.chainId ?? 31337)],
    ...mining,
    ...genesis,
    ...["--gas-limit", "300000000", "--silent", "--no-cors"],
    ...(from === undefined ? [] : ["--load-state", from]),
    ...["--dump-state", stateFiles(options.folder).dump, "--state-interval", String(stateIntervalOf(options))],
    ...["--cache-path", join(options.folder, "cache"), "--prune-history", "1024"],
  ];
}

/** Path of the anvil binary for this platform. @throws WeftError `chain.noBinary` */
function binaryPath(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const suffix = process.platform === "win32" ? "anvil.exe" : "anvil";
  const name = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  try {
    const path = fileURLToPath(import.meta.resolve(`${name}/bin/${suffix}`));
    if (existsSync(path)) return path;
  } catch {
    // Falls through: the package is not installed.
  }
  throw new WeftError(`the development chain has no binary for ${process.platform}-${process.arch}`, {
    code: "chain.noBinary",
    fault: "us",
    remedy: `install ${name}, or give the rpcUrl of a chain that runs elsewhere`,
  });
}

async function untilReady(child: ChildProcess, where: { rpcUrl: string; port: number; logFile: string }) {
  const started = performance.now();
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) throw notStarted(where);
    if ((await answeringChain(where.rpcUrl)) !== undefined) {
      // Someone else may hold the port: only a chain whose process is still there is ours.
      await sleep(10);
      if (child.exitCode === null && child.signalCode === null) return;
      continue;
    }
    if (performance.now() - started > readyTimeoutMs) {
      child.kill("SIGKILL");
      throw new WeftError(`the development chain did not answer within ${readyTimeoutMs / 1000} s`, {
        code: "chain.notReady",
        fault: "us",
        details: { rpcUrl: where.rpcUrl, log: where.logFile },
      });
    }
    await sleep(15);
  }
}

function notStarted(where: { port: number; logFile: string }): WeftError {
  const log = readFileSync(where.logFile, "utf8").slice(-2000);
  if (log.includes("Address already in use")) return portTaken(where.port);
  return new WeftError("the development chain ended while it was starting", {
    code: "chain.notReady",
    fault: "us",
    details: { log: where.logFile, "last lines": log.trim().split("\n").slice(-3).join(" | ") },
  });
}

async function answeringChain(rpcUrl: string): Promise<number | undefined> {
  try {
    const response = await fetch(rpcUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }),
      signal: AbortSignal.timeout(2000),
    });
    return Number(((await response.json()) as { result?: string }).result);
  } catch {
    return undefined;
  }
}

async function stop(child: ChildProcess, exited: DevChain["exited"]): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}

async function kill(child: ChildProcess, exited: DevChain["exited"]): Promise<void> {
  child.kill("SIGKILL");
  await exited;
}

const pidFile = (folder: string) => join(folder, "anvil.pid");

/**
 * Ends an anvil that an earlier, killed run left on this folder: two chains on one state file would overwrite it.
 * @throws WeftError `chain.leftover` when it does not end
 */
async function endLeftover(folder: string): Promise<void> {
  const file = pidFile(folder);
  if (!existsSync(file)) return;
  const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
  if (isOurs(pid, folder)) process.kill(pid, "SIGKILL");
  const until = performance.now() + stopTimeoutMs;
  // Its last dump may still be on the way to the disk.
  while (isOurs(pid, folder)) {
    if (performance.now() > until)
      throw new WeftError(`a development chain of an earlier run (process ${pid}) does not end`, {
        code: "chain.leftover",
        fault: "us",
        remedy: "end that process, then start again",
      });
    await sleep(20);
  }
  rmSync(file, { force: true });
}

/** Whether the process is an anvil on this folder's state. One that has ended and not been reaped has no command line. */
function isOurs(pid: number, folder: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return command.includes("anvil") && command.includes(stateFiles(folder).dump);
  } catch {
    return false;
  }
}

function boundLog(file: string): void {
  // The child appends (O_APPEND), so cutting the file under it is safe.
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > logLimitBytes) truncateSync(file, 0);
}

function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1" }, () => server.close(() => resolve(true)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function portTaken(port: number): WeftError {
  return new WeftError(`port ${port} on 127.0.0.1 is taken`, {
    code: "chain.portTaken",
    remedy: "stop what uses it, or choose another port",
    details: { port },
  });
}
