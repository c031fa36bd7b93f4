// A request of OpenAI's completions and chat API, checked: what is asked for in the engine's terms. A field that would
// change the answer and is not supported is refused by name; others are ignored, as they are there.
import { z } from "zod";
import { badRequest } from "./ApiError.ts";

export interface CompletionRequest {
  prompts: string[];
  maxTokens: number;
  temperatureMilli: number;
  topPMilli: number;
  topK: number | undefined;
  /** Choices per prompt. */
  n: number;
  stop: string[];
  /** Absent: a seed of the server's. */
  seed: number | undefined;
  stream: boolean;
  includeUsage: boolean;
  echo: boolean;
}

export interface RequestLimits {
  model: string;
  /** Most tokens of one choice. */
  maxTokens: number;
  /** Most choices of one request. */
  maxChoices: number;
}

const milli = (min: number, max: number) =>
  z
    .number()
    .min(min / 1000)
    .max(max / 1000)
    .transform((value) => Math.round(value * 1000));
const stopText = z.string().min(1).max(256);
const absent = (value: unknown) =>
  value === undefined || value === null || value === 0 || value === false || isEmpty(value);
const isEmpty = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length === 0;

const common = {
  model: z.string().max(200),
  temperature: milli(0, 2000).nullish(),
  top_p: milli(0, 1000).nullish(),
  top_k: z.int().min(1).max(4096).nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: z
    .union([stopText, z.array(stopText).max(16)], { error: "a text or up to 16 texts, each of 1 to 256 characters" })
    .nullish(),
  seed: z.int().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
};
const tokens = z.int().min(1).max(1_000_000).nullish();

const completionShape = z.looseObject({
  ...common,
  prompt: z
    .union([z.string(), z.array(z.string()).min(1).max(128)], { error: "a text or 1 to 128 texts, no token numbers" })
    .nullish(),
  max_tokens: tokens,
  echo: z.boolean().nullish(),
});

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union([z.string(), z.array(textPart).max(1024)], { error: "a text, or parts of type text" }),
});
const chatShape = z.looseObject({
  ...common,
  messages: z.array(message).min(1).max(1024),
  max_tokens: tokens,
  max_completion_tokens: tokens,
});

/** Fields that would change what is drawn or what comes back. */
const unsupported = [
  ...["logprobs", "top_logprobs", "suffix", "frequency_penalty", "presence_penalty", "logit_bias"],
  ...["tools", "functions", "audio", "prediction"],
];
const usualCompletionTokens = 16;

function checked<T>(shape: z.ZodType<T>, body: unknown, { model }: RequestLimits): T {
  const result = shape.safeParse(body);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const path = issue.path.join(".");
    throw badRequest(`${path === "" ? "the body" : path}: ${issue.message}`, path === "" ? undefined : path);
  }
  const fields = body as Record<string, unknown>;
  for (const field of unsupported)
    if (!absent(fields[field])) throw badRequest(`${field} is not supported here`, field, "unsupported_parameter");
  const { best_of: bestOf, response_format: format } = fields as {
    best_of?: unknown;
    response_format?: { type?: unknown };
  };
  if (!absent(bestOf) && bestOf !== 1)
    throw badRequest("best_of is not supported here", "best_of", "unsupported_parameter");
  if (!absent(format) && format?.type !== "text")
    throw badRequest("only text is written here", "response_format", "unsupported_parameter");
  const asked = fields["model"] as string;
  if (asked !== model) throw notFound(asked, model);
  return result.data;
}

export function notFound(asked: string, model: string) {
  const error = badRequest(`the model ${JSON.stringify(asked)} does not exist; ${model} is served`, "model");
  return Object.assign(error, { problem: { ...error.problem, status: 404 as const, code: "model_not_found" } });
}

type Common = z.output<z.ZodObject<typeof common>>;

function draws(request: Common, limits: RequestLimits, maxTokens: number) {
  if (maxTokens > limits.maxTokens)
    throw badRequest(`max_tokens is ${maxTokens}; at most ${limits.maxTokens} are drawn here`, "max_tokens");
  const { stop } = request;
  return {
    maxTokens,
    temperatureMilli: request.temperature ?? 1000,
    // A share of nothing is the likeliest token.
    topPMilli: Math.max(1, request.top_p ?? 1000),
    topK: request.top_k ?? undefined,
    n: request.n ?? 1,
    stop: stop === null || stop === undefined ? [] : [stop].flat(),
    seed: request.seed === null || request.seed === undefined ? undefined : Math.abs(request.seed),
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
  };
}

function withinChoices(request: CompletionRequest, { maxChoices }: RequestLimits): CompletionRequest {
  const choices = request.prompts.length * request.n;
  if (choices > maxChoices)
    throw badRequest(`the request asks for ${choices} choices; at most ${maxChoices} are made`, "n");
  return request;
}

/** @throws ApiError naming the field */
export function readCompletion(body: unknown, limits: RequestLimits): CompletionRequest {
  const request = checked(completionShape, body, limits);
  const prompts = [request.prompt ?? ""].flat();
  const own = draws(request, limits, request.max_tokens ?? Math.min(usualCompletionTokens, limits.maxTokens));
  return withinChoices({ prompts, ...own, echo: request.echo ?? false }, limits);
}

/** @throws ApiError naming the field */
export function readChat(body: unknown, limits: RequestLimits): CompletionRequest {
  const request = checked(chatShape, body, limits);
  const messages = request.messages.map(({ role, content }) => ({
    role,
    text: typeof content === "string" ? content : content.map(({ text }) => text).join(""),
  }));
  const own = draws(request, limits, request.max_completion_tokens ?? request.max_tokens ?? limits.maxTokens);
  const { prompt, stop } = chatPrompt(messages);
  return withinChoices({ prompts: [prompt], ...own, stop: [...own.stop, stop], echo: false }, limits);
}

const speakers = { system: undefined, developer: undefined, user: "User", assistant: "Assistant" } as const;

/**
 * The template, for models that were trained on plain text: system messages as they are, then "User: …" and "Assistant: …" a
 * line each, the last one open. The answer ends where the model would let the user speak.
 */
export function chatPrompt(messages: readonly { role: keyof typeof speakers; text: string }[]): {
  prompt: string;
  stop: string;
} {
  const lines = messages.map(({ role, text }) => (speakers[role] === undefined ? text : `${speakers[role]}: ${text}`));
  return { prompt: `${lines.join("\n")}\nAssistant:`, stop: "\nUser:" };
}
