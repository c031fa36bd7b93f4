// A child process of ours that says when it is ready: one JSON line `{"ready":true,…}` on its standard output, or
// `{"ready":false,"error":{code,message,remedy}}` when it can't.
//
// It gets a process group of its own, so that a Ctrl-C in the terminal reaches only us and children are ended in
// order. Its standard input is a pipe that ends with us: a child that watches it ends too, whatever becomes of us.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync, truncateSync } from "node:fs";
import { createInterface } from "node:readline";
import { WeftError } from "@weft/protocol/Errors";
import { fileError } from "../systemErrors.ts";
import { endProcess, type ProcessRecord, recordOf } from "./processMark.ts";

export interface ChildOptions {
  /** Name for messages and records: "node-1". */
  role: string;
  /** A script for this Node, with its parameters. */
  script: string;
  parameters: readonly string[];
  /** For Node and V8 themselves. */
  nodeFlags?: readonly string[];
  /** Standard error goes here, appended; cut at start when above `maxLogBytes`. */
  logFile: string;
  environment?: Record<string, string>;
  cwd?: string;
}

export interface Child {
  readonly role: string;
  readonly pid: number;
  readonly logFile: string;
  /** Undefined when the process was gone before it could be written down. */
  readonly record: ProcessRecord | undefined;
  /** The line it printed when ready. @throws WeftError `child.ended`, `child.silent` */
  ready(timeoutMs: number): Promise<Record<string, unknown>>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  send(line: string): void;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

const maxLogBytes = 4 * 1024 * 1024;
const maxLineCharacters = 64 * 1024;

export function spawnChild(options: ChildOptions): Child {
  const process_ = spawnProcess(options);
  const pid = process_.pid;
  if (pid === undefined)
    throw new WeftError(`${options.role} could not be started`, {
      code: "child.ended",
      fault: "us",
      details: { script: options.script },
    });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    process_.once("exit", (code, signal) => resolve({ code, signal })),
  );
  const readyLine = firstReadyLine(process_);
  const record = recordOf(options.role, pid);
  return {
    role: options.role,
    pid,
    logFile: options.logFile,
    record,
    exited,
    ready: (timeoutMs) => untilReady(options, { readyLine, exited, timeoutMs }),
    send: (line) => void process_.stdin?.write(`${line}\n`),
    stop: async (graceMs) => {
      if (record !== undefined) await endProcess(record, graceMs);
      await exited;
    },
  };
}

function spawnProcess(options: ChildOptions): ChildProcess {
  const log = openLog(options.logFile);
  try {
    const child = spawn(process.execPath, [...(options.nodeFlags ?? []), options.script, ...options.parameters], {
      stdio: ["pipe", "pipe", log],
      detached: process.platform !== "win32",
      windowsHide: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.environment },
    });
    // Writing to a child that just died must not end us.
    child.stdin?.on("error", () => {});
    child.on("error", () => {});
    return child;
  } finally {
    closeSync(log);
  }
}

function openLog(path: string): number {
  try {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) truncateSync(path, 0);
    return openSync(path, "a", 0o600);
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
}

/** Reads on after the ready line, so that the pipe never fills. */
function firstReadyLine(child: ChildProcess): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.length > maxLineCharacters || !line.startsWith("{")) return;
      try {
        const value = JSON.parse(line) as Record<string, unknown>;
        if (typeof value["ready"] === "boolean") resolve(value);
      } catch {
        // Not a JSON line: whatever else a child prints is of no concern here.
      }
    });
  });
}

async function untilReady(
  options: ChildOptions,
  wait: { readyLine: Promise<Record<string, unknown>>; exited: Child["exited"]; timeoutMs: number },
): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), wait.timeoutMs);
  });
  const outcome = await Promise.race([wait.readyLine, wait.exited.then((exit) => ({ exit })), late]);
  clearTimeout(timer);
  if (outcome === "late")
    throw new WeftError(`${options.role} was not ready within ${wait.timeoutMs / 1000} s`, {
      code: "child.silent",
      fault: "us",
      retryable: true,
      details: { log: options.logFile, ...lastLines(options.logFile) },
      remedy: "read its log; on a busy machine, run the same command again",
    });
  if ("exit" in outcome) {
    const { code, signal } = outcome.exit as { code: number | null; signal: string | null };
    throw new WeftError(`${options.role} ended while it was starting (${signal ?? `exit ${code}`})`, {
      code: "child.ended",
      fault: "us",
      details: { log: options.logFile, ...lastLines(options.logFile) },
      remedy: "read its log; `weft reset` begins anew",
    });
  }
  if (outcome["ready"] === true) return outcome;
  throw refusedToStart(options, outcome["error"]);
}

/** A child that knows why it can't start says so in its one line: `{"ready":false,"error":{code,message,remedy,details}}`. */
function refusedToStart(options: ChildOptions, error: unknown): WeftError {
  const { code, message, remedy, details } = (error ?? {}) as Partial<
    Pick<WeftError, "code" | "message" | "remedy" | "details">
  >;
  return new WeftError(`${options.role}: ${message ?? "could not start"}`, {
    code: code ?? "child.ended",
    remedy: remedy ?? "read its log",
    details: { log: options.logFile, ...details },
  });
}

/** The last lines of a log as `details`, oldest first. */
export function lastLines(logFile: string, count = 5): Record<string, string> {
  try {
    const lines = readFileSync(logFile, "utf8").slice(-16_384).trimEnd().split("\n").slice(-count);
    return Object.fromEntries(
      lines.filter((line) => line !== "").map((line, index) => [`log ${index + 1}`, line.slice(0, 300)]),
    );
  } catch {
    return {};
  }
}
