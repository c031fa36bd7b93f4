// Files of tokenizers: one form per tokenizer, its hash held; cut, bent and lying files are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createByteTokenizer } from "./byteTokenizer.ts";
import { readTokenizer, tokenizerHash, writeTokenizer } from "./TokenizerFile.ts";
import { validateTokenizer } from "./tokenizers.ts";
import { trainBpe } from "./trainBpe.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const data = trainBpe(encode("the cat that sat there"), { vocab: 262 });
const file = writeTokenizer(data);

test("what is written reads back, and the order of fields is no part of it", () => {
  assert.deepEqual(readTokenizer(file), data);
  const turned = validateTokenizer({ merges: data.merges, end: data.end, bytes: data.bytes, kind: "bpe" });
  assert.deepEqual(writeTokenizer(turned), file);
  assert.equal(tokenizerHash(turned), tokenizerHash(data));
  const byte = createByteTokenizer({ corpus: encode("abc") });
  assert.deepEqual(readTokenizer(writeTokenizer(byte)), byte);
  assert.equal(tokenizerHash(byte), "0x2fa0e90aee4418ad4b8d7a7b673bf0e1364307ee8279f8610dd7fd967296f7dd");
});

test("lying files are refused by name", () => {
  const whole = JSON.parse(new TextDecoder().decode(file)) as object;
  const bend = (change: object) => encode(JSON.stringify({ ...whole, ...change }));
  const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const lies: [Uint8Array, RegExp][] = [
    [encode("{"), /not the JSON/],
    [encode("[1]"), /not the JSON/],
    [Uint8Array.of(0xff, 0xfe), /not the JSON/],
    [bend({ more: 1 }), /not the JSON/],
    [bend({ format: "weft-tokenizer/2" }), /format is weft-tokenizer\/2/],
    [bend({ hash: "0x00" }), /hash is 0x00 and the content has/],
    [bend({ tokenizer: { ...data, merges: [] } }), /hash is/],
    [bend({ tokenizer: { ...data, kind: "toString" } }), /tokenizer kind is toString/],
    [bend({ tokenizer: null }), /tokenizer kind is undefined/],
    [new Uint8Array(2 ** 24 + 1), /16777217 bytes/],
    [encode(`{"format":${nested},"hash":"","tokenizer":0}`), /format is a list of 1/],
    [encode(JSON.stringify({ ...whole, hash: "@" }).replace('"@"', nested)), /hash is a list of 1/],
    [encode(JSON.stringify({ ...whole, tokenizer: "@" }).replace('"@"', nested)), /tokenizer kind/],
  ];
  for (const [bytes, message] of lies)
    assert.throws(() => readTokenizer(bytes), { code: "tensor.bad-tokenizer", message });
});

test("a file that is cut or bent anywhere is refused, or is the same tokenizer", () => {
  fc.assert(
    fc.property(fc.nat(file.length - 2), fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (cut, at, mask) => {
      assert.throws(() => readTokenizer(file.slice(0, cut)), { code: "tensor.bad-tokenizer" });
      const bent = file.slice();
      bent[at]! ^= mask;
      try {
        assert.deepEqual(readTokenizer(bent), data);
      } catch (error) {
        assert.equal((error as { code: string }).code, "tensor.bad-tokenizer");
      }
    }),
    { numRuns: 500 },
  );
});
