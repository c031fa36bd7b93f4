import assert from "node:assert/strict";
import { test } from "node:test";
import { storiesMissing, storiesModel, storiesText, storiesVocabulary } from "../formats/storiesFixture.ts";
import { openTokenizer } from "../tokenizers/tokenizers.ts";
import { openEngine } from "./Engine.ts";
import { generateText } from "./generateText.ts";

test("stories260K: the engine says the expected text greedily", { skip: storiesMissing }, async () => {
  const tokenizer = openTokenizer(storiesVocabulary());
  const engine = await openEngine(storiesModel());
  const text = generateText(engine, tokenizer, { prompt: "", maxTokens: 200, temperatureMilli: 0 });
  let said = "";
  for await (const piece of text) said += piece;
  assert.equal(said, storiesText());
  assert.deepEqual(await text.ending, { reason: "length", promptTokens: 1, tokens: 200 });
  await engine.close();
});
