// The vocabulary of llama2.c: its file, its merges by score, the blank before a text, byte fallback; any bytes come back.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readLlama2cVocabulary } from "../formats/readLlama2cVocabulary.ts";
import { storiesMissing, storiesText, storiesVocabulary } from "../formats/storiesFixture.ts";
import { bitsOf } from "../recipes.ts";
import { hexOf } from "./latin1.ts";
import { type Llama2cTokenizer, llama2cTokenizer } from "./llama2cTokenizer.ts";
import { decode } from "./Tokenizer.ts";
import { readTokenizer, writeTokenizer } from "./TokenizerFile.ts";
import { openTokenizer } from "./tokenizers.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function vocabulary(pieces: readonly [string, number][]): Llama2cTokenizer {
  return llama2cTokenizer.validate({
    kind: "llama2c",
    pieces: pieces.map(([piece]) => hexOf(bytes(piece))),
    scores: pieces.map(([, score]) => bitsOf(Math.fround(score))),
  });
}

/** Tokens from 259 on, in this order. */
const small = openTokenizer(
  vocabulary([
    [" ", -1],
    ["a", -2],
    ["b", -3],
    ["ab", -1],
    [" a", -2],
    ["aba", -5],
    ["é", -1],
    ["<s>", 0],
    ["bb", -2e10],
  ]),
);

test("the best score merges first, the leftmost of equals; unknown characters become bytes", () => {
  assert.deepEqual([...small.encode(bytes("ab"))], [259, 262], "ab (-1) before ' a' (-2)");
  assert.deepEqual([...small.encode(bytes("aab"))], [263, 262]);
  assert.deepEqual([...small.encode(bytes("abab"))], [259, 262, 262], "aba would need a after ab");
  assert.deepEqual([...small.encode(bytes("bb"))], [259, 261, 261], "a score below -1e10 never merges");
  assert.deepEqual([...small.encode(bytes("éü"))], [259, 265, 0xc3 + 3, 0xbc + 3]);
  assert.deepEqual([...small.encode(bytes("a"), { begin: true, end: true })], [1, 263, 2]);
  assert.deepEqual([...small.encode(bytes(""), { begin: true })], [1]);
});

test("bytes that stand for unknown characters never merge", () => {
  const whole = openTokenizer(
    vocabulary([
      [" ", 0],
      ["ab", 5],
    ]),
  );
  assert.deepEqual([...whole.encode(bytes("ab"))], [259, 97 + 3, 98 + 3]);
});

test("the text of a mark stays text", () => {
  const tokens = small.encode(bytes("<s>"), { begin: true });
  assert.deepEqual([...tokens], [1, 259, 60 + 3, 115 + 3, 62 + 3]);
  assert.deepEqual(decode(small, tokens), bytes("<s>"));
});

test("streaming takes the blank off after the begin mark only", () => {
  const text = (token: number, previous?: number) => new TextDecoder().decode(small.piece(token, previous));
  assert.deepEqual([text(263), text(263, 1), text(263, 260), text(1), text(2)], ["a", "a", " a", "", ""]);
});

test("any bytes come back, with a blank in the vocabulary or without", () => {
  const without = openTokenizer(
    vocabulary([
      [" a", 1],
      ["a", 0],
      ["aa", 2],
    ]),
  );
  const letters = fc
    .array(fc.constantFrom(32, 97, 97, 98, 0xc3, 0xa9, 60, 115, 62))
    .map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(fc.oneof(letters, fc.uint8Array()), fc.boolean(), (text, begin) => {
      for (const tokenizer of [small, without])
        assert.deepEqual(decode(tokenizer, tokenizer.encode(text, { begin, end: begin })), text);
    }),
    { numRuns: 400 },
  );
});

/** A file as tokenizer.py of llama2.c writes it. */
export function vocabularyFile(pieces: readonly [string, number][], longest = 27): Uint8Array {
  const singles = Array.from({ length: 256 }, (_, b): [string, number] => [
    `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`,
    0,
  ]);
  const all: [string, number][] = [["<unk>", 0], ["\n<s>\n", 0], ["\n</s>\n", 0], ...singles, ...pieces];
  const parts = all.map(([piece, score]) => {
    const text = bytes(piece);
    const part = Buffer.alloc(8 + text.length);
    part.writeFloatLE(score, 0);
    part.writeInt32LE(text.length, 4);
    part.set(text, 8);
    return part;
  });
  const head = Buffer.alloc(4);
  head.writeInt32LE(longest, 0);
  return new Uint8Array(Buffer.concat([head, ...parts]));
}

test("a file reads, and lying ones are refused by what they claim", () => {
  const file = vocabularyFile([
    ["ab", -1.5],
    ["ü", 2],
  ]);
  const data = readLlama2cVocabulary(file);
  assert.deepEqual(
    data,
    vocabulary([
      ["ab", -1.5],
      ["ü", 2],
    ]),
  );
  assert.deepEqual(readTokenizer(writeTokenizer(data)), data);
  const bend = (at: number, value: number) => {
    const bent = Buffer.from(file);
    bent.writeInt32LE(value, at);
    return new Uint8Array(bent);
  };
  const refused: [Uint8Array, RegExp][] = [
    [file.slice(0, 3), /needs 4 bytes at 0 and 3 are left/],
    [file.slice(0, -1), /token 260 needs 2 bytes/],
    [file.slice(0, 4), /no token 259/],
    [bend(8, 2 ** 30), /token 0 has 1073741824 bytes/],
    [bend(8, -1), /token 0 has -1 bytes/],
    [bend(0, 2), /token 0 has 5 bytes and the longest 2/],
    [vocabularyFile([["x", Number.NaN]]), /score 0/],
    [vocabularyFile([["", 1]]), /token 259 has 0 bytes/],
  ];
  for (const [bytes_, message] of refused)
    assert.throws(() => readLlama2cVocabulary(bytes_), { code: "tensor.bad-tokenizer", message });
});

test("cut and bent files are read or refused, never worse", () => {
  const file = vocabularyFile([
    ["ab", -1.5],
    ["cd", 2],
    [" the", 1],
  ]);
  fc.assert(
    fc.property(fc.nat(file.length), fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (cut, at, mask) => {
      const bent = file.slice();
      bent[at]! ^= mask;
      for (const bytes_ of [file.slice(0, cut), bent])
        try {
          assert.ok(openTokenizer(readLlama2cVocabulary(bytes_)).vocab <= 262);
        } catch (error) {
          assert.equal((error as { code: string }).code, "tensor.bad-tokenizer");
        }
    }),
    { numRuns: 400 },
  );
});

test("stories260K: the vocabulary encodes the expected text", { skip: storiesMissing }, () => {
  const tokenizer = openTokenizer(storiesVocabulary());
  assert.equal(tokenizer.vocab, 512);
  const text = bytes(storiesText());
  const tokens = tokenizer.encode(text, { begin: true });
  assert.deepEqual([...tokens.slice(0, 8)], [1, 403, 407, 261, 378, 432, 383, 286]);
  assert.deepEqual(decode(tokenizer, tokens), text);
});
