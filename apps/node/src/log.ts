// The node's log: JSON lines by pino into home/node.log, bounded: the file is renamed to node.log.1 when it is full, so
// at most two files of `maxBytes` exist. What a person must read goes to stderr in main.ts, not here.
import { accessSync, constants, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeFolders } from "@weft/host/makeFolders";
import { WeftError } from "@weft/protocol/Errors";
import { type Logger, pino } from "pino";

export interface LogOptions {
  home: string;
  level: string;
  /** Bytes of one file. */
  maxBytes?: number;
  /** Pause between looks at the file's size. */
  checkMs?: number;
}

export interface NodeLog {
  log: Logger;
  path: string;
  /** Writes what is buffered and ends the size check. */
  close(): void;
}

const defaultMaxBytes = 8 * 1024 * 1024;

export function openLog(options: LogOptions): NodeLog {
  makeHome(options.home);
  const path = join(options.home, "node.log");
  const destination = pino.destination({ dest: path, sync: false, mode: 0o600 });
  // A full disk costs lines of the log, not the node.
  destination.on("error", () => {});
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors carry codes; stacks only where somebody asked for debug.
      serializers: {
        err: options.level === "debug" || options.level === "trace" ? pino.stdSerializers.err : briefError,
      },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const timer = setInterval(() => {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= (options.maxBytes ?? defaultMaxBytes)) return;
    renameSync(path, `${path}.1`);
    destination.reopen();
  }, options.checkMs ?? 10_000).unref();
  return {
    log,
    path,
    close: () => {
      clearInterval(timer);
      try {
        destination.flushSync();
      } catch {
        // Not open yet: nothing was written.
      }
    },
  };
}

/** @throws WeftError `home.unusable` */
function makeHome(home: string): void {
  try {
    makeFolders(home);
    accessSync(home, constants.W_OK);
  } catch (cause) {
    throw new WeftError(`nothing can be kept in ${home}`, {
      code: "home.unusable",
      details: { reason: (cause as { code?: string }).code ?? "unknown" },
      remedy: "pass --home with a folder that you may write to",
      cause,
    });
  }
}

function briefError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, details, fault } = error as { code?: unknown; details?: Record<string, unknown>; fault?: unknown };
  const shown = Object.fromEntries(Object.entries(details ?? {}).map(([key, value]) => [key, String(value)]));
  return {
    message: error.message.slice(0, 500),
    ...(code === undefined ? { type: error.name, at: error.stack?.split("\n")[1]?.trim() } : { code }),
    ...(fault === undefined ? {} : { fault }),
    ...(Object.keys(shown).length === 0 ? {} : { details: shown }),
    ...(error.cause instanceof Error ? { cause: error.cause.message.slice(0, 300) } : {}),
  };
}
