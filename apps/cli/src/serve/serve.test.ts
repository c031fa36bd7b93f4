// The served model over real sockets: answers, streams, limits, and who is not let in.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { smallModel } from "@weft/tensor/formats/gptFixture";
import { createByteTokenizer } from "@weft/tensor/tokenizers/byteTokenizer";
import { serve } from "../commands/serve.ts";
import { openText, type TextModel } from "../model/openText.ts";
import { quietContext } from "../train/trainFixture.ts";
import { chatPrompt } from "./completionRequest.ts";
import { type Listening, listenModel } from "./listenModel.ts";
import { type AnswerLine, modelRoutes, type ServeOptions } from "./modelRoutes.ts";

const alphabet = new TextEncoder().encode(" \n:,.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
const tokenizer = createByteTokenizer({ corpus: alphabet });
const answers: AnswerLine[] = [];
const usual: Omit<ServeOptions, "signal"> = {
  ...{ model: "small", fingerprint: "fp_1", created: 7, maxTokens: 500_000, maxChoices: 3, maxBodyBytes: 4096 },
  ...{ stallMs: 600_000, retrySeconds: 2, hosts: ["127.0.0.1", "localhost"], onAnswer: (line) => answers.push(line) },
};

let model: TextModel;
let server: Listening;
const down = new AbortController();
before(async () => {
  model = await openText({ ...smallModel(tokenizer.bytes.length + 1), tokenizer }, { threads: 1, slots: 2, queue: 1 });
  server = await listenModel(modelRoutes(model, { ...usual, signal: down.signal }), { host: "127.0.0.1", port: 0 });
});
after(async () => {
  down.abort();
  await server.close(0);
  await model.engine.close();
});

const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;
type Body = Record<string, unknown>;

const post = (path: string, body: Body | string, init: RequestInit = {}) =>
  fetch(url(path), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify({ model: "small", ...body }),
    ...init,
  });

async function completed(body: Body, path = "/v1/completions") {
  const response = await post(path, body);
  assert.equal(response.status, 200, await response.clone().text());
  // biome-ignore lint/suspicious/noExplicitAny: an answer as it came over the wire
  return (await response.json()) as any;
}

async function events(body: Body, path = "/v1/completions") {
  const response = await post(path, { stream: true, ...body });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  const lines = (await response.text()).split("\n\n").slice(0, -1);
  assert.ok(lines.every((line) => line.startsWith("data: ")));
  assert.equal(lines.at(-1), "data: [DONE]");
  // biome-ignore lint/suspicious/noExplicitAny: an answer as it came over the wire
  return lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)) as any);
}

test("the list of models, and one that isn't there", async () => {
  const list = await (await fetch(url("/v1/models"))).json();
  assert.deepEqual(list, { object: "list", data: [{ id: "small", object: "model", created: 7, owned_by: "weft" }] });
  assert.equal((await fetch(url("/v1/models/small"))).status, 200);
  const absent = await fetch(url("/v1/models/gpt-4"));
  assert.equal(absent.status, 404);
  assert.equal(((await absent.json()) as { error: { code: string } }).error.code, "model_not_found");
  assert.deepEqual(await (await fetch(url("/health"))).json(), { status: "ok" });
});

test("a completion: text, reason, counts; the same seed gives the same text, alone, beside others, streamed", async () => {
  const body = { prompt: "Once", max_tokens: 24, seed: 5, temperature: 0.9 };
  const first = await completed(body);
  assert.match(first.id, /^cmpl-[0-9a-f]{32}$/);
  assert.deepEqual([first.object, first.model, first.system_fingerprint], ["text_completion", "small", "fp_1"]);
  const { text, finish_reason: reason } = first.choices[0];
  assert.equal(first.usage.prompt_tokens, 4);
  assert.equal(first.usage.total_tokens, 4 + first.usage.completion_tokens);
  assert.equal(first.usage.completion_tokens, text.length);
  assert.equal(reason, text.length < 24 ? "stop" : "length");
  const together = await Promise.all([body, { ...body, seed: 6 }].map((one) => completed(one)));
  assert.equal(together[0].choices[0].text, text);
  assert.notEqual(together[1].choices[0].text, text);
  const pieces = await events({ ...body, stream_options: { include_usage: true } });
  assert.equal(pieces.flatMap(({ choices }) => choices.map((choice: Body) => choice["text"])).join(""), text);
  assert.equal(pieces.at(-2).choices[0].finish_reason, reason);
  assert.deepEqual([pieces.at(-1).choices, pieces.at(-1).usage], [[], first.usage]);
  assert.equal(answers.at(-1)!.completion_tokens, text.length);
  assert.notEqual((await completed({ ...body, seed: null })).choices[0].text, text, "another seed each time");
});

test("several prompts and choices: each its own, the first the one that n doesn't change", async () => {
  const body = { prompt: "Once", max_tokens: 20, seed: 5 };
  const one = await completed(body);
  const three = await completed({ ...body, n: 3 });
  assert.equal(three.choices[0].text, one.choices[0].text);
  assert.equal(new Set(three.choices.map(({ text }: { text: string }) => text)).size, 3);
  assert.deepEqual(
    three.choices.map(({ index }: { index: number }) => index),
    [0, 1, 2],
  );
  assert.equal(three.usage.prompt_tokens, 4, "a prompt counts once");
  const two = await completed({ prompt: ["Once", "upon a"], max_tokens: 8, temperature: 0, echo: true });
  assert.equal(two.usage.prompt_tokens, 10);
  assert.ok(two.choices[0].text.startsWith("Once") && two.choices[1].text.startsWith("upon a"));
  const streamed = await events({ ...body, n: 3 });
  for (const choice of three.choices) {
    const own = streamed.flatMap(({ choices }) => choices).filter(({ index }) => index === choice.index);
    assert.equal(own.map(({ text }: { text: string }) => text).join(""), choice.text);
  }
});

test("stop texts end an answer and are no part of it", async () => {
  const body = { prompt: "Once", max_tokens: 40, seed: 5 };
  const { text } = (await completed(body)).choices[0];
  const stop = text.slice(8, 10);
  const cut = (await completed({ ...body, stop })).choices[0];
  assert.deepEqual([cut.text, cut.finish_reason], [text.slice(0, text.indexOf(stop)), "stop"]);
});

test("a chat is written out by the template, and ends where the user would speak", async () => {
  const messages = [
    { role: "system", content: "Be kind." },
    { role: "user", content: [{ type: "text", text: "Hi" }] },
  ] as const;
  const { prompt, stop } = chatPrompt([
    { role: "system", text: "Be kind." },
    { role: "user", text: "Hi" },
    { role: "assistant", text: "Ho" },
  ]);
  assert.deepEqual([prompt, stop], ["Be kind.\nUser: Hi\nAssistant: Ho\nAssistant:", "\nUser:"]);
  const body = { messages, max_completion_tokens: 12, seed: 3 };
  const chat = await completed(body, "/v1/chat/completions");
  assert.match(chat.id, /^chatcmpl-/);
  const { message } = chat.choices[0];
  assert.deepEqual([chat.object, message.role], ["chat.completion", "assistant"]);
  const plain = await completed({ prompt: "Be kind.\nUser: Hi\nAssistant:", max_tokens: 12, seed: 3 });
  assert.equal(message.content, plain.choices[0].text);
  const pieces = await events(body, "/v1/chat/completions");
  assert.deepEqual(pieces[0].choices[0].delta, { role: "assistant", content: "" });
  assert.equal(pieces.map(({ choices }) => choices[0].delta.content ?? "").join(""), message.content);
  assert.ok(pieces.every(({ object }) => object === "chat.completion.chunk"));
});

test("wrong requests are refused with field and code, in the API's form", async () => {
  const completion = "/v1/completions";
  const chat = "/v1/chat/completions";
  const refused: [string, Body | string, number, string | null, string | null][] = [
    [completion, "{", 400, null, null],
    [completion, "[]", 400, null, null],
    [completion, { prompt: 7 }, 400, "prompt", null],
    [completion, { prompt: "a", max_tokens: 0 }, 400, "max_tokens", null],
    [completion, { prompt: "a", max_tokens: 500_001 }, 400, "max_tokens", null],
    [completion, { prompt: "a", temperature: 2.5 }, 400, "temperature", null],
    [completion, { prompt: "a", top_p: -1 }, 400, "top_p", null],
    [completion, { prompt: "a", n: 4 }, 400, "n", null],
    [completion, { prompt: "a", stop: "" }, 400, "stop", null],
    [completion, { prompt: "a", stop: Array(17).fill("x") }, 400, "stop", null],
    [chat, { messages: [{ role: "user", content: 7 }] }, 400, "messages.0.content", null],
    [completion, { prompt: "a", logprobs: 2 }, 400, "logprobs", "unsupported_parameter"],
    [completion, { prompt: "a", best_of: 2 }, 400, "best_of", "unsupported_parameter"],
    [completion, { prompt: "a", model: "gpt-4" }, 404, "model", "model_not_found"],
    [completion, { prompt: "caf\u00e9" }, 400, null, null],
    [completion, { prompt: "a".repeat(65) }, 400, null, "context_length_exceeded"],
    [completion, { prompt: [1, 2, 3] }, 400, "prompt", null],
    [completion, { prompt: "a".repeat(5000) }, 413, null, "too_large"],
    [chat, { messages: [] }, 400, "messages", null],
    [chat, { messages: [{ role: "tool", content: "x" }] }, 400, "messages.0.role", null],
    [chat, { messages: [{ role: "user", content: "x" }], tools: [{}] }, 400, "tools", "unsupported_parameter"],
    [
      chat,
      { messages: [{ role: "user", content: "x" }], response_format: { type: "json_object" } },
      400,
      "response_format",
      "unsupported_parameter",
    ],
    ["/v1/embeddings", { input: "x" }, 404, null, "unknown_url"],
  ];
  for (const [path, body, status, param, code] of refused) {
    const response = await post(path, body);
    const { error } = (await response.json()) as { error: Body };
    assert.deepEqual([response.status, error["param"], error["code"]], [status, param, code], JSON.stringify(body));
    assert.equal(error["type"], "invalid_request_error");
    assert.match(String(error["message"]), /\w+ \w+/);
    assert.doesNotMatch(String(error["message"]), /Invalid input$/, "what is wanted is said");
  }
  const got = await fetch(url(completion));
  assert.deepEqual([got.status, got.headers.get("allow")], [405, "POST"], "a browser's GET hears what is taken there");
  // What changes nothing is let pass.
  await completed({ prompt: "a", logprobs: null, presence_penalty: 0, logit_bias: {}, best_of: 1, user: "me" });
});

/** Waits for what a computation on another thread brings about. */
async function until(reached: () => boolean): Promise<void> {
  for (let round = 0; !reached(); round++) {
    assert.ok(round < 6000, "it never came");
    await wait(10);
  }
}

const idle = () => model.engine.load.running + model.engine.load.waiting === 0;
const endless = { prompt: "Once", max_tokens: 500_000, temperature: 0, stream: true };

test("more than fits: 429 with Retry-After; who leaves makes room, a stream's reader and a plain one alike", async () => {
  await until(idle);
  const leave = new AbortController();
  const streams = await Promise.all([1, 2].map(() => post("/v1/completions", endless, { signal: leave.signal })));
  const plain = post("/v1/completions", { ...endless, stream: false }, { signal: leave.signal });
  plain.catch(() => undefined);
  await until(() => model.engine.load.waiting === 1);
  const refused = await post("/v1/completions", { prompt: "Once" });
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "2"]);
  const { error } = (await refused.json()) as { error: Body };
  assert.deepEqual([error["type"], error["code"]], ["rate_limit_error", "busy"]);
  // Three choices are admitted together or not at all.
  assert.equal((await post("/v1/completions", { prompt: "Once", n: 3 })).status, 429);
  assert.equal(model.engine.load.running + model.engine.load.waiting, 3);
  leave.abort();
  await until(idle);
  await assert.rejects(plain, { name: "AbortError" });
  for (const { body } of streams) await assert.rejects(body!.getReader().read());
  await completed({ prompt: "Once", max_tokens: 3 });
});

test("a reader that takes nothing is left after its time, and its place is free", async () => {
  const app = modelRoutes(model, { ...usual, stallMs: 50, signal: down.signal });
  const ended = answers.length;
  const response = await app.request("http://localhost/v1/completions", {
    method: "POST",
    headers: { "content-type": "application/json", host: "localhost" },
    body: JSON.stringify({ model: "small", ...endless }),
  });
  assert.equal(response.status, 200);
  await until(idle);
  assert.equal(answers.length, ended, "it was left and did not end");
});

test("not from a page: another host name, another content type, another origin's preflight", async () => {
  const dial = async (headers: Record<string, string>, method = "POST") => {
    const asked = httpRequest({ port: server.port, host: "127.0.0.1", path: "/v1/completions", method, headers });
    asked.end(method === "POST" ? '{"model":"small","prompt":"a"}' : undefined);
    const [response] = await once(asked, "response");
    response.resume();
    return response as { statusCode: number; headers: Record<string, string> };
  };
  const json = { "content-type": "application/json" };
  assert.equal((await dial({ ...json, host: "evil.example:80" })).statusCode, 403);
  assert.equal((await dial({ ...json, host: `localhost:${server.port}` })).statusCode, 200);
  assert.equal((await dial({ "content-type": "text/plain" })).statusCode, 415);
  const preflight = await dial({ origin: "http://evil.example", "access-control-request-method": "POST" }, "OPTIONS");
  assert.equal(preflight.statusCode, 405);
  assert.equal(preflight.headers["access-control-allow-origin"], undefined);
});

test("with a key: only who sends it", async () => {
  const app = modelRoutes(model, { ...usual, apiKey: "a key of some length", signal: down.signal });
  const ask = (headers: Record<string, string>) =>
    app.request("http://localhost/v1/models", { headers: { host: "localhost", ...headers } });
  assert.equal((await ask({})).status, 401);
  assert.equal((await ask({ authorization: "Bearer another key of it" })).status, 401);
  assert.equal((await ask({ authorization: "Bearer a key of some length" })).status, 200);
});

test("beyond loopback only with a key, and no short one; nothing is opened before", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-key-"));
  const flags = { host: "0.0.0.0", port: 0, slots: 1, queue: 0, maxTokens: 9 };
  const context = quietContext(folder);
  writeFileSync(join(folder, "key"), "short\n");
  await assert.rejects(serve(context, "no-model", flags), { code: "serve.open" });
  await assert.rejects(serve(context, "no-model", { ...flags, apiKeyFile: "key" }), { code: "serve.key" });
  await assert.rejects(serve(context, "no-model", { ...flags, apiKeyFile: "absent" }), { code: "file.enoent" });
  rmSync(folder, { recursive: true });
});

test("who dials and says nothing holds no place for long", async () => {
  const app = modelRoutes(model, { ...usual, signal: down.signal });
  const own = await listenModel(app, { host: "127.0.0.1", port: 0, headersMs: 100 });
  const silent = connect(own.port, "127.0.0.1");
  try {
    await once(silent, "connect");
    // Node looks only every half a minute unless it is told to look more often.
    silent.setTimeout(25_000, () => silent.destroy(new Error("the server holds the place")));
    silent.resume();
    await once(silent, "end");
  } finally {
    silent.destroy();
    await own.close(0);
  }
});

test("a taken port is told as such; going down lets an answer end and then cuts", async () => {
  const app = modelRoutes(model, { ...usual, signal: down.signal });
  await assert.rejects(listenModel(app, { host: "127.0.0.1", port: server.port }), { code: "http.portTaken" });
  const own = await listenModel(app, { host: "127.0.0.1", port: 0 });
  const response = await fetch(`http://127.0.0.1:${own.port}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "small", prompt: "Once", max_tokens: 2000, stream: true }),
  });
  const closing = own.close(600_000);
  assert.match(await response.text(), /data: \[DONE\]\n\n$/);
  await closing;
  await assert.rejects(fetch(`http://127.0.0.1:${own.port}/health`));
});
