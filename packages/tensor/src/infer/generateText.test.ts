// Text from tokens: the real model's text, stop texts found across pieces, characters never cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { smallModel } from "../formats/gptFixture.ts";
import { storiesMissing, storiesModel, storiesText, storiesVocabulary } from "../formats/storiesFixture.ts";
import { createByteTokenizer } from "../tokenizers/byteTokenizer.ts";
import type { Tokenizer } from "../tokenizers/Tokenizer.ts";
import { openTokenizer } from "../tokenizers/tokenizers.ts";
import { type Engine, openEngine } from "./Engine.ts";
import { createStopFilter, encodePrompt, generateText, type TextOptions } from "./generateText.ts";

async function read(engine: Engine, tokenizer: Tokenizer, options: TextOptions) {
  const generation = generateText(engine, tokenizer, options);
  const pieces: string[] = [];
  for await (const piece of generation) pieces.push(piece);
  return { text: pieces.join(""), pieces, ending: await generation.ending };
}

test("stories260K: the expected text greedily, to the end, to a stop text, to a reader that leaves", {
  skip: storiesMissing,
}, async () => {
  const tokenizer = openTokenizer(storiesVocabulary());
  const engine = await openEngine(storiesModel());
  const options = { prompt: "", maxTokens: 200, temperatureMilli: 0 };
  const [whole, stopped, beside] = await Promise.all([
    read(engine, tokenizer, options),
    read(engine, tokenizer, { ...options, stop: ["never there", "named Lily", "med Li"] }),
    read(engine, tokenizer, { prompt: "Once upon", maxTokens: 20, seed: new Uint8Array(32) }),
  ]);
  assert.equal(whole.text, storiesText());
  assert.deepEqual(whole.ending, { reason: "length", promptTokens: 1, tokens: 200 });
  assert.equal(stopped.text, storiesText().slice(0, storiesText().indexOf("named Lily")));
  assert.equal(stopped.ending.reason, "stop");
  assert.deepEqual([...encodePrompt(tokenizer, { prompt: "a" })][0], tokenizer.begin);
  assert.ok(beside.text.length > 10);
  const leaving = generateText(engine, tokenizer, options);
  for await (const piece of leaving) if (piece !== "") break;
  assert.equal((await leaving.ending).reason, "left");
  const unread = generateText(engine, tokenizer, options);
  await unread.return?.();
  assert.equal((await unread.ending).reason, "left");
  await engine.close();
});

test("bytes: what no character is yet is held back, the end mark ends", async () => {
  const tokenizer = openTokenizer(createByteTokenizer());
  const engine = await openEngine(smallModel(tokenizer.vocab));
  const read1 = (options: Partial<TextOptions>) =>
    read(engine, tokenizer, { prompt: "Zoë", maxTokens: 40, seed: new Uint8Array(32).fill(5), ...options });
  const { text, pieces, ending } = await read1({});
  assert.equal(ending.tokens, ending.reason === "end" ? ending.tokens : 40);
  assert.ok(text.includes("\ufffd") && pieces.length > 5, "random bytes are not all characters");
  const marks = await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      read1({ maxTokens: 60, temperatureMilli: 4000, seed: new Uint8Array(32).fill(i) }),
    ),
  ).then((all) => all.filter((one) => one.ending.reason === "end"));
  assert.ok(marks.length > 0 && marks.every((one) => one.ending.tokens < 60), "some draw the end mark");
  const long = "x".repeat(engine.limits.context * 256 + 1);
  assert.throws(() => generateText(engine, tokenizer, { prompt: long, maxTokens: 1 }), {
    code: "tensor.bad-option",
    message: /prompt has a length of 16385/,
  });
  await engine.close();
  const markless = openTokenizer(createByteTokenizer({ end: false }));
  const mark = tokenizer.end!;
  assert.deepEqual([...encodePrompt(tokenizer, { prompt: "" })], [mark]);
  assert.deepEqual([...encodePrompt(tokenizer, { prompt: "A" })], [65], "a mark that is the end mark too");
  assert.deepEqual([...encodePrompt(tokenizer, { prompt: "A", begin: true })], [mark, 65]);
  assert.throws(() => encodePrompt(markless, { prompt: "" }), {
    code: "tensor.bad-option",
    message: /prompt is empty/,
  });
});

test("stop texts: what is let through is the text before the first of them, however the bytes are cut", () => {
  const letters = (max: number) => fc.string({ unit: fc.constantFrom("a", "b", "é"), minLength: 1, maxLength: max });
  fc.assert(
    fc.property(
      letters(24),
      fc.array(letters(4), { maxLength: 3 }),
      fc.array(fc.nat(48), { maxLength: 8 }),
      (text, stops, cuts) => {
        const bytes = Buffer.from(text);
        const filter = createStopFilter(stops);
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const through: Buffer[] = [];
        let over = false;
        for (let i = 1; i < at.length && !over; i++) {
          const { text: sure, stopped } = filter.push(bytes.subarray(at[i - 1], at[i]));
          through.push(Buffer.from(sure));
          over = stopped;
        }
        through.push(Buffer.from(filter.rest()));
        const places = stops.map((stop) => bytes.indexOf(stop)).filter((place) => place >= 0);
        const found = Buffer.concat(through);
        assert.equal(over, places.length > 0);
        // A stop text that ends earlier may stop before one that begins earlier.
        if (!over) assert.deepEqual(found, bytes);
        else assert.ok(places.some((place) => place >= found.length) && bytes.subarray(0, found.length).equals(found));
      },
    ),
    { numRuns: 1000 },
  );
  const bad = { code: "tensor.bad-option" };
  assert.throws(() => createStopFilter([""]), { ...bad, message: /text of 0 bytes/ });
  assert.throws(() => createStopFilter(["x".repeat(257)]), { ...bad, message: /text of 257 bytes/ });
  assert.throws(() => createStopFilter(Array(17).fill("x")), { ...bad, message: /17 texts/ });
});
