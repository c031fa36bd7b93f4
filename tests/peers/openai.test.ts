// The served model through OpenAI's own client, against the process that `weft serve` is: lists, answers, streams, leaving
// in the middle, errors as the client's own kinds, and going down.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { smallModel } from "@weft/tensor/formats/gptFixture";
import { writeModel } from "@weft/tensor/saved/writeModel";
import { createByteTokenizer } from "@weft/tensor/tokenizers/byteTokenizer";
import { importPeer } from "../../tools/peers.ts";
import { repositoryRoot } from "../../tools/skips.ts";

type Choice = { text: string; finish_reason: string };
type Completion = { choices: Choice[]; usage: { completion_tokens: number } | null };
type Delta = {
  choices: { delta: { content?: string }; finish_reason: string | null }[];
  usage?: { total_tokens: number } | null;
};
type Chat = { choices: { message: { content: string } }[]; usage: { total_tokens: number } };
type Stream<T> = AsyncIterable<T> & { controller: AbortController };
type Create<T, S> = {
  create(body: { stream: true; [field: string]: unknown }): Promise<Stream<S>>;
  create(body: { [field: string]: unknown }): Promise<T>;
};
type Client = {
  models: { list(): Promise<{ data: { id: string }[] }>; retrieve(id: string): Promise<{ id: string }> };
  completions: Create<Completion, Completion>;
  chat: { completions: Create<Chat, Delta> };
};
type OpenAI = { default: new (options: object) => Client };

let client: Client;
let server: ChildProcess;
let folder: string;
let err = "";

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "weft-openai-"));
  const tokenizer = createByteTokenizer();
  const path = join(folder, "small.safetensors");
  writeFileSync(path, writeModel({ ...smallModel(tokenizer.bytes.length + 1), tokenizer }));
  const main = join(repositoryRoot, "apps/cli/src/main.ts");
  const words = ["serve", path, "--port", "0", "--slots", "1", "--queue", "0", "--threads", "1", "--json"];
  server = spawn(process.execPath, [main, ...words, "--max-tokens", "500000"], { stdio: ["ignore", "pipe", "pipe"] });
  server.stderr!.on("data", (piece) => (err += piece));
  const [line] = (await once(createInterface({ input: server.stdout! }), "line")) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const { default: Constructor } = await importPeer<OpenAI>("openai");
  client = new Constructor({ baseURL: url, apiKey: "none is asked for", maxRetries: 0, timeout: 300_000 });
});
after(() => {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const model = "small";

test("models, a completion, the same one streamed", async () => {
  assert.deepEqual(
    (await client.models.list()).data.map(({ id }) => id),
    [model],
  );
  assert.equal((await client.models.retrieve(model)).id, model);
  const body = { model, prompt: "Once upon", max_tokens: 20, seed: 11, temperature: 0.7, top_p: 0.9 };
  const whole = await client.completions.create(body);
  assert.equal(whole.usage!.completion_tokens, 20);
  let text = "";
  let reason = "";
  for await (const { choices } of await client.completions.create({ ...body, stream: true })) {
    text += choices[0]!.text;
    reason = choices[0]!.finish_reason ?? reason;
  }
  assert.deepEqual([text, reason], [whole.choices[0]!.text, "length"]);
});

test("a chat, whole and streamed with its counts", async () => {
  const body = { model, messages: [{ role: "user", content: "Hi" }], max_completion_tokens: 10, seed: 2 };
  const chat = await client.chat.completions.create(body);
  const stream = await client.chat.completions.create({
    ...body,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let tokens: number | undefined;
  for await (const { choices, usage } of stream) {
    text += choices[0]?.delta.content ?? "";
    tokens = usage?.total_tokens ?? tokens;
  }
  assert.deepEqual([text, tokens], [chat.choices[0]!.message.content, chat.usage.total_tokens]);
});

test("leaving a stream frees its place; until then the client hears 429 as its own kind of error", async () => {
  const endless = { model, prompt: "a", max_tokens: 500_000, temperature: 0 };
  const stream = await client.completions.create({ ...endless, stream: true });
  for await (const _ of stream) break;
  const held = await client.completions.create({ ...endless, stream: true });
  const pieces = held[Symbol.asyncIterator]();
  await pieces.next();
  await assert.rejects(
    client.completions.create({ ...endless, max_tokens: 1 }),
    (error: Error & { status: number }) => {
      assert.deepEqual([error.constructor.name, error.status], ["RateLimitError", 429]);
      return true;
    },
  );
  held.controller.abort();
  for (let round = 0; ; round++) {
    const answered = await client.completions
      .create({ ...endless, max_tokens: 1 })
      .catch((error: { status: number }) => error);
    if ("choices" in answered) break;
    assert.equal(answered.status, 429);
    assert.ok(round < 3000, "its place is still taken");
  }
});

test("errors are the client's own kinds", async () => {
  const refused = (body: object, name: string, code: string | null) =>
    assert.rejects(
      client.completions.create({ model, prompt: "a", ...body }),
      (error: Error & { code: string | null }) => {
        assert.deepEqual([error.constructor.name, error.code], [name, code]);
        return true;
      },
    );
  await refused({ model: "other" }, "NotFoundError", "model_not_found");
  await refused({ prompt: "a".repeat(65) }, "BadRequestError", "context_length_exceeded");
  await refused({ temperature: 9 }, "BadRequestError", null);
});

test("Ctrl-C: the process ends by itself, exit 0", async () => {
  const exit = once(server, "exit");
  server.kill("SIGINT");
  assert.deepEqual(await exit, [0, null], err);
});
