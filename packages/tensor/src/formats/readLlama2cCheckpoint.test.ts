// llama2.c checkpoints: weights land under the right names, the real model says its expected text, hostile files are
// refused before anything is allocated.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gpt } from "../models/gpt.ts";
import { openTokenizer } from "../tokenizers/tokenizers.ts";
import { greedyAfter } from "./gptFixture.ts";
import { readLlama2cCheckpoint } from "./readLlama2cCheckpoint.ts";
import { storiesMissing, storiesModel, storiesText, storiesVocabulary } from "./storiesFixture.ts";

const TINY = { dim: 8, hidden: 6, layers: 2, heads: 2, kvHeads: 1, vocab: 5, context: 3 };
type Sizes = typeof TINY;

/** A checkpoint whose fp32 are 0, 1, 2, … in the order of the file. */
function checkpoint(sizes: Sizes, floats: number): Uint8Array {
  const bytes = new Uint8Array(28 + 4 * floats);
  const view = new DataView(bytes.buffer);
  Object.values(sizes).forEach((size, i) => {
    view.setInt32(4 * i, size, true);
  });
  for (let i = 0; i < floats; i++) view.setFloat32(28 + 4 * i, i, true);
  return bytes;
}

/** Embedding, norms, wq wk wv wo, norms, w1 w2 w3, last norm, rotary tables. */
const TINY_FLOATS = 40 + 16 + 128 + 64 + 64 + 128 + 16 + 3 * 96 + 8 + 12;

test("each kind of weight is found at its place, per layer", () => {
  const { config, tensors } = readLlama2cCheckpoint(checkpoint(TINY, TINY_FLOATS));
  assert.deepEqual(config, {
    ...TINY,
    kind: "gpt",
    tiedHead: true,
    normEpsilonNano: 10_000,
    ropeTheta: 10_000,
  });
  assert.deepEqual(
    tensors.map(({ name, shape }) => ({ name, shape })),
    gpt.parameters(config).map(({ name, shape }) => ({ name, shape })),
  );
  const first = Object.fromEntries(tensors.map(({ name, data }) => [name.replace(/^model\.|\.weight$/g, ""), data[0]]));
  assert.deepEqual(first, {
    embed_tokens: 0,
    "layers.0.input_layernorm": 40,
    "layers.0.self_attn.q_proj": 56,
    "layers.0.self_attn.k_proj": 184,
    "layers.0.self_attn.v_proj": 248,
    "layers.0.self_attn.o_proj": 312,
    "layers.0.post_attention_layernorm": 440,
    "layers.0.mlp.gate_proj": 456,
    "layers.0.mlp.up_proj": 648,
    "layers.0.mlp.down_proj": 552,
    "layers.1.input_layernorm": 48,
    "layers.1.self_attn.q_proj": 120,
    "layers.1.self_attn.k_proj": 216,
    "layers.1.self_attn.v_proj": 280,
    "layers.1.self_attn.o_proj": 376,
    "layers.1.post_attention_layernorm": 448,
    "layers.1.mlp.gate_proj": 504,
    "layers.1.mlp.up_proj": 696,
    "layers.1.mlp.down_proj": 600,
    norm: 744,
  });
});

test("a negative vocab brings a head of its own, behind the rotary tables", () => {
  const { config, tensors } = readLlama2cCheckpoint(checkpoint({ ...TINY, vocab: -5 }, TINY_FLOATS + 40));
  assert.equal(config.tiedHead, false);
  assert.equal(config.vocab, 5);
  assert.deepEqual([tensors.at(-1)!.name, tensors.at(-1)!.data[0]], ["lm_head.weight", TINY_FLOATS]);
});

test("lying and later files are refused by what they claim", () => {
  const whole = checkpoint(TINY, TINY_FLOATS);
  const refused: [Uint8Array, string, RegExp][] = [
    [whole.slice(0, 27), "bad-llama2c", /context needs 4 bytes at 24/],
    [whole.slice(0, -1), "bad-llama2c", /needs 764 fp32 and 763.75 follow/],
    [checkpoint(TINY, TINY_FLOATS + 1), "bad-llama2c", /764 fp32 and 765 follow/],
    [checkpoint({ ...TINY, dim: 0x616b3432 }, 0), "bad-llama2c", /later version/],
    [checkpoint({ ...TINY, dim: 2 ** 30 }, 0), "bad-model", /dim is 1073741824/],
    [checkpoint({ ...TINY, vocab: -(2 ** 31) }, 0), "bad-model", /vocab is 2147483648/],
    [checkpoint({ ...TINY, heads: 3 }, TINY_FLOATS), "bad-model", /dim is 8 with 3 heads/],
    [checkpoint({ ...TINY, dim: 16_384, heads: 1, layers: 128, hidden: 65_536 }, 0), "bad-model", /would be|needs/],
  ];
  for (const [bytes, code, message] of refused)
    assert.throws(() => readLlama2cCheckpoint(bytes), { code: `tensor.${code}`, message });
});

test("cut and bent files are read or refused, never worse", () => {
  const whole = checkpoint(TINY, TINY_FLOATS);
  const word = fc.oneof(fc.integer({ min: -6, max: 12 }), fc.integer());
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(6), word, (cut, at, value) => {
      const bent = whole.slice();
      new DataView(bent.buffer).setInt32(4 * at, value, true);
      for (const bytes of [whole.slice(0, cut), bent])
        try {
          const { tensors } = readLlama2cCheckpoint(bytes);
          assert.ok(tensors.reduce((sum, { data }) => sum + data.byteLength, 0) < bytes.length);
        } catch (error) {
          assert.match((error as { code: string }).code, /^tensor\.bad-(llama2c|model)$/);
        }
    }),
    { numRuns: 500 },
  );
});

test("stories260K: the greedy token after every token of the expected text is the next one", {
  skip: storiesMissing,
}, () => {
  const text = new TextEncoder().encode(storiesText());
  const tokens = openTokenizer(storiesVocabulary()).encode(text, { begin: true });
  assert.equal(tokens.length, 201);
  assert.deepEqual(greedyAfter(storiesModel(), tokens.subarray(0, 200)), [...tokens.subarray(1)]);
});
