// `weft serve MODEL`: the model behind an HTTP server that speaks OpenAI's API, on loopback unless told otherwise.
import { readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import type { Threads } from "@weft/tensor/execute/openGraph";
import type { Context } from "../Context.ts";
import { contentIdOf } from "../job/corpus.ts";
import { openModelFile } from "../model/openModelFile.ts";
import { openText } from "../model/openText.ts";
import { listenModel } from "../serve/listenModel.ts";
import { modelRoutes, type ServeOptions } from "../serve/modelRoutes.ts";
import { interrupted, onInterrupt } from "../start/interrupts.ts";
import { fileError, needPlainFile } from "../systemErrors.ts";

export interface ServeFlags {
  host: string;
  port: number;
  name?: string;
  apiKeyFile?: string;
  slots: number;
  queue: number;
  maxTokens: number;
  threads?: Threads;
  memory?: number;
  tokenizer?: string;
}

const maxBodyBytes = 1024 * 1024;
const stallMs = 30_000;
const retrySeconds = 1;
const graceMs = 10_000;
const loopback = ["127.0.0.1", "localhost", "[::1]"];

/** Exit code 0 after Ctrl-C. */
export async function serve(context: Context, path: string, flags: ServeFlags): Promise<number> {
  const onLoopback = isLoopback(flags.host);
  const apiKey = flags.apiKeyFile === undefined ? undefined : readKey(resolve(context.cwd, flags.apiKeyFile));
  if (!onLoopback && apiKey === undefined)
    throw new WeftError(`${flags.host} is open to other machines, and nothing asks who they are`, {
      code: "serve.open",
      remedy: "name a file with a key that clients must send: --api-key-file FILE; or leave --host out",
    });
  const file = openModelFile(context, path, flags.tokenizer);
  const model = await openText(file.model, flags);
  const down = new AbortController();
  const options: ServeOptions = {
    model: flags.name ?? basename(file.path).replace(/\.[a-z]+$/i, ""),
    ...{ maxTokens: flags.maxTokens, maxChoices: flags.slots + flags.queue, maxBodyBytes, stallMs, retrySeconds },
    ...{ fingerprint: `fp_${contentIdOf(file.bytes).slice(2, 14)}`, created: Math.floor(Date.now() / 1000) },
    ...(onLoopback ? { hosts: loopback } : {}),
    ...(apiKey === undefined ? {} : { apiKey }),
    signal: down.signal,
    onAnswer: (line) => context.emit({ kind: "answer", ...line }),
  };
  const interrupts = onInterrupt(() => process.exit(130));
  try {
    const listening = await listenModel(modelRoutes(model, options), flags);
    const url = `http://${flags.host.includes(":") ? `[${flags.host}]` : flags.host}:${listening.port}/v1`;
    context.say(`${options.model} at ${url}; Ctrl-C ends it`);
    context.emit({ kind: "listening", url, port: listening.port, model: options.model, ...model.engine.limits });
    await interrupted(interrupts.signal);
    context.say("going down: running answers may end; Ctrl-C again doesn't wait");
    await listening.close(graceMs);
    context.emit({ kind: "summary", ok: true });
    return 0;
  } finally {
    down.abort();
    interrupts.release();
    await model.engine.close();
  }
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

const leastKeyCharacters = 16;

function readKey(path: string): string {
  let key: string;
  try {
    needPlainFile(path, statSync(path));
    key = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw fileError(cause, { doing: "read", path });
  }
  if (key.length >= leastKeyCharacters) return key;
  throw new WeftError(`the key in ${path} has ${key.length} characters`, {
    code: "serve.key",
    remedy: `write at least ${leastKeyCharacters}, for instance with: openssl rand -hex 24 > ${path}`,
  });
}
