// The gateway's HTTP interface from the side of the command line: bearer token, retries, and an event stream that picks
// up where it broke. Every wait and every answer has a limit. Errors come back as the WeftErrors the gateway threw.
import { readFileSync } from "node:fs";
import { type Fault, WeftError } from "@weft/protocol/Errors";
import { isFinal, type JobEvent, shapes } from "@weft/protocol/JobEvent";
import { z } from "zod";
import { fileError } from "./systemErrors.ts";

export interface GatewayClient {
  readonly url: string;
  readonly token: string;
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** JSON unless it is bytes. */
  body?: unknown;
  signal?: AbortSignal;
  timeoutMs?: number;
}

const requestTimeoutMs = 30_000;
const maxTries = 4;
const firstDelayMs = 150;
const maxAnswerBytes = 16 * 1024 * 1024;
const maxEventCharacters = 1024 * 1024;
/** Breaks in a row without one event between them. */
const maxStreamBreaks = 20;

/** @throws WeftError `file.*` when the token cannot be read. */
export function connect(options: { url: string; tokenFile: string }): GatewayClient {
  try {
    return { url: options.url.replace(/\/+$/, ""), token: readFileSync(options.tokenFile, "utf8").trim() };
  } catch (cause) {
    throw fileError(cause, { doing: "read", path: options.tokenFile });
  }
}

/**
 * One request and its JSON answer. GET, PUT and DELETE are tried again when the connection fails or the gateway asks
 * for it; POST only when it bears an idempotency key, or the connection was refused, before anything was sent.
 * @throws WeftError with the gateway's code, or `gateway.unreachable`, `gateway.answer`
 */
export async function request(client: GatewayClient, path: string, options: RequestOptions = {}): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await requestOnce(client, path, options);
    } catch (error) {
      if (attempt === maxTries || options.signal?.aborted || !mayRetry(error, options)) throw error;
      await pause(firstDelayMs * 2 ** (attempt - 1), options.signal);
    }
  }
}

function mayRetry(error: unknown, { method, body }: RequestOptions): boolean {
  if (!(error instanceof WeftError) || !error.retryable) return false;
  const keyed = typeof body === "object" && body !== null && "idempotencyKey" in body;
  return method !== "POST" || keyed || error.code === "gateway.unreachable";
}

async function requestOnce(client: GatewayClient, path: string, options: RequestOptions): Promise<unknown> {
  const response = await send(client, path, options);
  const text = await readText(response);
  if (!response.ok) throw errorFrom(response.status, text);
  return parseJson(text);
}

async function send(client: GatewayClient, path: string, options: RequestOptions): Promise<Response> {
  const { body } = options;
  const bytes = body instanceof Uint8Array;
  const limit = AbortSignal.timeout(options.timeoutMs ?? requestTimeoutMs);
  try {
    return await fetch(`${client.url}${path}`, {
      method: options.method ?? "GET",
      headers: {
        authorization: `Bearer ${client.token}`,
        ...(body === undefined ? {} : { "content-type": bytes ? "application/octet-stream" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: bytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
      signal: options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]),
    });
  } catch (cause) {
    throw connectionError(client, { cause, signal: options.signal });
  }
}

function connectionError(client: GatewayClient, what: { cause: unknown; signal: AbortSignal | undefined }): WeftError {
  if (what.signal?.aborted) return new WeftError("interrupted", { code: "gateway.interrupted", cause: what.cause });
  const refused = isRefused(what.cause);
  return new WeftError(refused ? `no gateway answers at ${client.url}` : `the gateway at ${client.url} broke off`, {
    code: refused ? "gateway.unreachable" : "gateway.broken",
    fault: "network",
    retryable: true,
    remedy: "start the network with `npm start`, or the gateway with `weft gateway`",
    cause: what.cause,
  });
}

function isRefused(error: unknown): boolean {
  const cause = (error as { cause?: { code?: string } }).cause;
  return ["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH"].includes(cause?.code ?? "");
}

async function readText(response: Response): Promise<string> {
  const length = Number(response.headers.get("content-length") ?? 0);
  if (length > maxAnswerBytes) throw answerError(`its answer has ${length} bytes`);
  const text = await response.text();
  if (text.length > maxAnswerBytes) throw answerError(`its answer has ${text.length} characters`);
  return text;
}

const answerError = (why: string, cause?: unknown) =>
  new WeftError(`the gateway's answer makes no sense: ${why}`, {
    code: "gateway.answer",
    fault: "network",
    remedy: "check that the address is a Weft gateway of this version",
    cause,
  });

function parseJson(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw answerError("not JSON", cause);
  }
}

const errorShape = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    remedy: z.string().optional(),
    details: z.record(z.string(), z.string()).optional(),
    fault: z.enum(["caller", "provider", "network", "us"]).optional(),
    retryable: z.boolean().optional(),
  }),
});

function errorFrom(status: number, text: string): WeftError {
  const parsed = errorShape.safeParse(text.startsWith("{") ? parseJson(text) : undefined);
  if (!parsed.success)
    return new WeftError(`the gateway answered ${status}`, {
      code: "gateway.answer",
      fault: "network",
      retryable: status >= 502,
    });
  const { code, message, remedy, details, fault, retryable } = parsed.data.error;
  return new WeftError(message, {
    code,
    fault: (fault ?? "us") as Fault,
    retryable: retryable ?? false,
    ...(remedy === undefined ? {} : { remedy }),
    ...(details === undefined ? {} : { details }),
  });
}

/**
 * A job's events from `from` on, until its last one. Reconnects after a break and asks for what is missing, so that no
 * event is seen twice or lost.
 */
export async function* followJob(
  client: GatewayClient,
  jobId: string,
  options: { from?: number; signal?: AbortSignal } = {},
): AsyncGenerator<JobEvent> {
  let next = options.from ?? 1;
  for (let breaks = 0; ; breaks++) {
    try {
      for await (const event of streamOnce(client, jobId, { ...options, from: next })) {
        if (event.seq < next) continue;
        breaks = 0;
        next = event.seq + 1;
        yield event;
        if (isFinal(event)) return;
      }
    } catch (error) {
      if (options.signal?.aborted || !(error instanceof WeftError) || !error.retryable || breaks >= maxStreamBreaks)
        throw error;
    }
    if (breaks >= maxStreamBreaks) throw connectionError(client, { cause: undefined, signal: options.signal });
    await pause(Math.min(2000, firstDelayMs * 2 ** breaks), options.signal);
  }
}

async function* streamOnce(
  client: GatewayClient,
  jobId: string,
  options: { from: number; signal?: AbortSignal },
): AsyncGenerator<JobEvent> {
  // A stream lives as long as the job; what bounds it is the job's own duration and the caller's signal.
  const path = `/v1/jobs/${encodeURIComponent(jobId)}/events?from=${options.from}`;
  const response = await send(client, path, {
    timeoutMs: 7 * 86_400_000,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (!response.ok) throw errorFrom(response.status, await readText(response));
  try {
    for await (const line of linesOf(response)) {
      const event = parseEvent(line);
      if (event !== undefined) yield event;
    }
  } catch (cause) {
    throw cause instanceof WeftError ? cause : connectionError(client, { cause, signal: options.signal });
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  let rest = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    rest += piece;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxEventCharacters) throw answerError("an event without end");
    yield* lines;
  }
}

const maxContentBytes = 256 * 1024 * 1024;
const contentTimeoutMs = 120_000;

/** A corpus or checkpoint of one of the gateway's jobs. @throws WeftError of the gateway, `gateway.answer` */
export async function downloadContent(client: GatewayClient, contentId: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await send(client, `/v1/contents/${contentId}`, { timeoutMs: contentTimeoutMs });
  if (!response.ok) throw errorFrom(response.status, await readText(response));
  if (Number(response.headers.get("content-length") ?? 0) > maxContentBytes) throw answerError("an oversized content");
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length > maxContentBytes) throw answerError("an oversized content");
  return bytes;
}

const envelope = z.looseObject({ seq: z.int().positive(), at: z.number(), kind: z.string() });

/** Undefined for an empty line and for a kind that this version does not know. @throws WeftError `gateway.answer` */
export function parseEvent(line: string): JobEvent | undefined {
  if (line.trim() === "") return undefined;
  const head = envelope.safeParse(parseJson(line));
  if (!head.success) throw answerError("an event without seq, time and kind");
  const { seq, at, kind } = head.data;
  if (!Object.hasOwn(shapes, kind)) return undefined;
  const body = shapes[kind as keyof typeof shapes].safeParse(head.data);
  if (!body.success) throw answerError(`a malformed ${kind} event`, body.error);
  return { ...body.data, seq, at, kind } as JobEvent;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done, { once: true });
  });
}
