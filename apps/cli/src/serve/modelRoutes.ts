// The routes of a served model, as OpenAI's API has them: models, completions, chat completions, whole or as server-sent
// events. Everything is bounded: bodies, prompts, tokens, choices, waiting requests, and how long a slow reader is waited for.
//
// A page in a browser must not reach a server on loopback: bodies must be JSON by name (which another origin may not send
// without being asked), and the host that was dialled must be one that we listen at.
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { Hono, type Context as HttpContext } from "hono";
import { bodyLimit } from "hono/body-limit";
import { stream } from "hono/streaming";
import type { TextModel } from "../model/openText.ts";
import { ApiError, badRequest, errorBody, problemOf } from "./ApiError.ts";
import { type AnswerForm, chatForm, type Head, textForm } from "./answers.ts";
import { type CompletionRequest, notFound, type RequestLimits, readChat, readCompletion } from "./completionRequest.ts";
import { startChoices, type Usage, usageOf } from "./startChoices.ts";
import { type Answer, streamAnswer, wholeAnswer } from "./writeAnswer.ts";

export interface ServeOptions extends RequestLimits {
  /** Of the model's file, so that an answer says what it came from. */
  fingerprint: string;
  /** Unix seconds. */
  created: number;
  /** Names under which the server may be dialled; any when absent. */
  hosts?: readonly string[];
  /** Asked for as a bearer token when given. */
  apiKey?: string;
  maxBodyBytes: number;
  /** A reader that takes nothing for so long is left. */
  stallMs: number;
  /** Seconds of Retry-After. */
  retrySeconds: number;
  /** Aborted when the server goes down. */
  signal: AbortSignal;
  onAnswer?(answer: AnswerLine): void;
}

/** One line of a log. */
export interface AnswerLine extends Usage {
  id: string;
  path: string;
  seconds: number;
}

interface Served {
  model: TextModel;
  options: ServeOptions;
}

export function modelRoutes(model: TextModel, options: ServeOptions): Hono {
  const app = new Hono();
  const served = { model, options };
  app.onError((error, context) => answerError(context, error, options));
  app.use(async (context, next) => {
    checkHost(context, options);
    await next();
  });
  app.get("/health", (context) => context.json({ status: "ok" }));
  app.use("/v1/*", async (context, next) => {
    checkKey(context, options);
    await next();
  });
  const entry = { id: options.model, object: "model", created: options.created, owned_by: "weft" };
  app.get("/v1/models", (context) => context.json({ object: "list", data: [entry] }));
  app.get("/v1/models/:id", (context) => {
    if (context.req.param("id") !== options.model) throw notFound(context.req.param("id"), options.model);
    return context.json(entry);
  });
  const limit = bodyLimit({
    maxSize: options.maxBodyBytes,
    onError: (context) => answerError(context, tooLarge(options), options),
  });
  app.post("/v1/completions", limit, async (context) =>
    answer(context, served, { form: textForm, request: readCompletion(await jsonBody(context), options) }),
  );
  app.post("/v1/chat/completions", limit, async (context) =>
    answer(context, served, { form: chatForm, request: readChat(await jsonBody(context), options) }),
  );
  for (const path of ["/v1/completions", "/v1/chat/completions"])
    app.all(path, (context) => {
      context.header("allow", "POST");
      return answerError(context, problem(405, `${context.req.method} is not taken here, POST is`, "method"), options);
    });
  app.notFound((context) =>
    answerError(
      context,
      problem(404, `unknown path ${context.req.method} ${context.req.path}`, "unknown_url"),
      options,
    ),
  );
  return app;
}

const problem = (status: 401 | 403 | 404 | 405 | 413 | 415, message: string, code: string) =>
  new ApiError({ status, message, type: "invalid_request_error", code });
const tooLarge = ({ maxBodyBytes }: ServeOptions) =>
  problem(413, `the body is larger than ${maxBodyBytes} bytes`, "too_large");

function answerError(context: HttpContext, error: unknown, { retrySeconds }: ServeOptions): Response {
  const found = problemOf(error);
  if (found.status === 429) context.header("retry-after", String(retrySeconds));
  return context.json(errorBody(found), found.status);
}

function checkHost(context: HttpContext, { hosts }: ServeOptions): void {
  const dialled = context.req.header("host")?.replace(/:\d+$/, "").toLowerCase() ?? "";
  if (hosts === undefined || hosts.includes(dialled)) return;
  throw problem(403, `this server is not called ${JSON.stringify(dialled.slice(0, 80))}`, "wrong_host");
}

const digest = (text: string) => createHash("sha256").update(text).digest();

function checkKey(context: HttpContext, { apiKey }: ServeOptions): void {
  if (apiKey === undefined) return;
  if (timingSafeEqual(digest(context.req.header("authorization") ?? ""), digest(`Bearer ${apiKey}`))) return;
  throw problem(401, "the API key is missing or wrong", "invalid_api_key");
}

async function jsonBody(context: HttpContext): Promise<unknown> {
  const type = context.req.header("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw problem(415, "the content type is not application/json", "unsupported_media_type");
  try {
    return await context.req.json();
  } catch {
    throw badRequest("the body is not JSON");
  }
}

interface Asked {
  form: AnswerForm;
  request: CompletionRequest;
}

async function answer(context: HttpContext, { model, options }: Served, { form, request }: Asked): Promise<Response> {
  const startedAt = performance.now();
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, options.signal, context.req.raw.signal]);
  const choices = startChoices(model, request, signal);
  const head: Head = {
    id: `${form.prefix}-${randomUUID().replaceAll("-", "")}`,
    created: Math.floor(Date.now() / 1000),
    ...{ model: options.model, system_fingerprint: options.fingerprint },
  };
  const usage = async () => {
    const counted = usageOf(await Promise.all(choices.map(({ text }) => text.ending)), request.n);
    const seconds = (performance.now() - startedAt) / 1000;
    options.onAnswer?.({ id: head.id, path: context.req.path, ...counted, seconds });
    return counted;
  };
  const work: Answer = { form, request, head, choices, usage, leave: () => left.abort() };
  if (!request.stream) return context.json(await wholeAnswer(work));
  context.header("content-type", "text/event-stream; charset=utf-8");
  context.header("cache-control", "no-cache");
  return stream(context, async (out) => {
    out.onAbort(work.leave);
    await streamAnswer(out, work, options.stallMs);
  });
}
