// Byte pair encoding: the fast trainer and encoder give what the plain ones give, any bytes come back, hostile data is
// refused, and training depends on nothing but the corpus.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { dataRoot } from "../../../../tools/skips.ts";
import { bpeTokenizer } from "./bpeTokenizer.ts";
import { createByteTokenizer } from "./byteTokenizer.ts";
import { latin1 } from "./latin1.ts";
import { byteNames, slowEncode, slowMerges, splitAscii } from "./slowBpe.ts";
import { pieceEnd } from "./splitText.ts";
import { decode } from "./Tokenizer.ts";
import { tokenizerHash } from "./TokenizerFile.ts";
import { openTokenizer } from "./tokenizers.ts";
import { trainBpe } from "./trainBpe.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function pieces(text: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += found.at(-1)!.length) found.push(text.subarray(at, pieceEnd(text, at)));
  return found;
}

/** Text in which the rules of splitting meet often. */
const wordy = fc
  .array(
    fc.constantFrom("a", "b", "Z", "1", "2", " ", " ", "\n", "\t", "'", "'s", "'ll", "'re", ".", ",", "!", "don"),
    {
      maxLength: 60,
    },
  )
  .map((parts) => parts.join(""));
/** Bytes with many repeats. */
const repetitive = fc.array(fc.constantFrom(97, 97, 97, 98, 98, 99, 32, 10, 0, 200, 255), { maxLength: 200 });

test("pieces of ASCII text are those of the regular expression", () => {
  fc.assert(
    fc.property(fc.oneof(wordy, fc.string({ unit: "binary-ascii", maxLength: 60 })), (text) => {
      assert.deepEqual(pieces(bytes(text)).map(latin1), splitAscii(text));
    }),
    { numRuns: 500 },
  );
  const text = (piece: Uint8Array) => new TextDecoder().decode(piece);
  assert.deepEqual(pieces(bytes("it's  12\n\n über ¿x")).map(text), [
    "it",
    "'s",
    "  ",
    "1",
    "2",
    "\n\n",
    " über",
    " ¿x",
  ]);
});

test("training gives the merges of the plain trainer", () => {
  fc.assert(
    fc.property(
      repetitive,
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 40 }),
      (list, leastCount, most) => {
        const corpus = Uint8Array.from(list);
        const names = byteNames();
        const plain = slowMerges(
          pieces(corpus).map((piece) => [...piece]),
          { names, most, leastCount },
        );
        assert.deepEqual(trainBpe(corpus, { vocab: 256 + most, end: false, leastCount }).merges, plain);
      },
    ),
    { numRuns: 300 },
  );
});

test("equally frequent pairs merge by the smaller left, then the smaller right token", () => {
  const { merges } = trainBpe(bytes("zb zb ya ya"), { vocab: 258, end: false });
  assert.deepEqual(merges, [
    [32, 121],
    [122, 98],
  ]);
  assert.deepEqual(trainBpe(bytes("ba bc"), { vocab: 260, end: false, leastCount: 1 }).merges.slice(0, 2), [
    [32, 98],
    [98, 97],
  ]);
});

test("a token is never made twice, and none grows past 256 bytes", () => {
  const { merges } = trainBpe(new Uint8Array(5000).fill(97), { vocab: 600, end: false });
  assert.equal(merges.length, 8, "1, 2, 4 … 256 times a");
  fc.assert(
    fc.property(repetitive, (list) => {
      const data = trainBpe(Uint8Array.from(list), { vocab: 300, leastCount: 1 });
      const opened = openTokenizer(data);
      const names = Array.from({ length: opened.vocab - 1 }, (_, token) => latin1(opened.piece(token)));
      assert.equal(new Set(names).size, names.length);
    }),
  );
});

test("encoding is merging in order of training, and any bytes come back", () => {
  const corpus = fc.oneof(
    repetitive.map((list) => Uint8Array.from(list)),
    wordy.map(bytes),
  );
  const text = fc.oneof(corpus, fc.uint8Array({ maxLength: 100 }));
  fc.assert(
    fc.property(corpus, text, (sample, given) => {
      const data = trainBpe(sample, { vocab: 290, leastCount: 1 });
      const tokenizer = openTokenizer(data);
      const tokens = tokenizer.encode(given);
      const plain = pieces(given).flatMap((piece) => slowEncode([...piece], data.merges, 256));
      assert.deepEqual([...tokens], plain);
      assert.deepEqual(decode(tokenizer, tokens), given);
      const marked = tokenizer.encode(given, { begin: true, end: true });
      assert.deepEqual([marked[0], marked.at(-1)], [tokenizer.end, tokenizer.end]);
      assert.deepEqual(decode(tokenizer, marked), given);
    }),
    { numRuns: 300 },
  );
});

test("an alphabet of the corpus is smaller; other bytes are named", () => {
  const data = trainBpe(bytes("hello hello"), { vocab: 9, alphabet: "corpus" });
  assert.deepEqual(data.bytes, [32, 101, 104, 108, 111]);
  const tokenizer = openTokenizer(data);
  assert.equal(tokenizer.vocab, 9);
  assert.throws(() => tokenizer.encode(bytes("hey")), { code: "tensor.bad-text", message: /byte 121 at 2/ });
  assert.throws(() => tokenizer.piece(9), { code: "tensor.bad-text", message: /token 9/ });
  assert.throws(() => decode(tokenizer, [-1]), { code: "tensor.bad-text" });
  assert.throws(() => decode(tokenizer, [0.5]), { code: "tensor.bad-text" });
});

test("one token per byte, for all bytes or those of a corpus", () => {
  const all = openTokenizer(createByteTokenizer());
  assert.deepEqual([all.vocab, all.begin, all.end], [257, 256, 256]);
  fc.assert(
    fc.property(fc.uint8Array(), (text) => {
      assert.deepEqual([...all.encode(text)], [...text]);
      assert.deepEqual(decode(all, all.encode(text, { begin: true, end: true })), text);
      if (text.length === 0) return;
      const own = openTokenizer(createByteTokenizer({ corpus: text, end: false }));
      assert.equal(own.vocab, new Set(text).size);
      assert.deepEqual(decode(own, own.encode(text, { begin: true })), text);
    }),
  );
  assert.throws(() => createByteTokenizer({ corpus: new Uint8Array() }), { code: "tensor.bad-tokenizer" });
});

test("wrong data and wrong options are refused by name", () => {
  const good = { kind: "bpe", bytes: [97, 98], merges: [[0, 1]], end: true };
  const wrong: [object, RegExp][] = [
    [{ ...good, more: 1 }, /has the fields/],
    [{ ...good, bytes: [98, 97] }, /bytes holds 97 at 1/],
    [{ ...good, bytes: [97, 256] }, /bytes holds 256/],
    [{ ...good, bytes: [] }, /bytes is a list of 0/],
    [{ ...good, end: 1 }, /end is 1/],
    [{ ...good, merges: "x" }, /merges is x/],
    [{ ...good, merges: [[0, 2]] }, /merge 0 is a list of 2: 0,2/],
    [{ ...good, merges: [[0, 1, 1]] }, /merge 0/],
    [{ ...good, merges: [[0, -1]] }, /merge 0/],
    [
      {
        ...good,
        merges: [
          [0, 1],
          [0, 1],
        ],
      },
      /merge 1 makes a token that is there already/,
    ],
    [{ ...good, merges: Array.from({ length: 9 }, (_, n) => [n === 0 ? 0 : n + 1, n === 0 ? 0 : n + 1]) }, /512 bytes/],
    [{ ...good, merges: Array(65_536).fill([0, 1]) }, /65539 tokens/],
  ];
  for (const [data, message] of wrong)
    assert.throws(() => bpeTokenizer.validate(data), { code: "tensor.bad-tokenizer", message });
  for (const vocab of [256, 65_537, 300.5, Number.NaN])
    assert.throws(() => trainBpe(bytes("a"), { vocab }), { code: "tensor.bad-tokenizer", message: /vocab is/ });
  assert.throws(() => trainBpe(bytes("a"), { vocab: 300, leastCount: 0 }), { message: /leastCount/ });
});

const corpusFile = join(dataRoot(), "ml", "tinyshakespeare", "input.txt");

test("tiny-shakespeare: a vocabulary of 2048 is the same everywhere", { skip: !existsSync(corpusFile) }, () => {
  const corpus = readFileSync(corpusFile);
  const data = trainBpe(corpus, { vocab: 2048 });
  assert.equal(tokenizerHash(data), "0x4fe03c5a0b1a899dbccf94899a447fbb18c32ff3bac49734fa6ddd9a51f52539");
  const tokenizer = openTokenizer(data);
  const tokens = tokenizer.encode(corpus);
  assert.equal(tokens.length, 388_533);
  assert.ok(corpus.equals(decode(tokenizer, tokens)));
});
