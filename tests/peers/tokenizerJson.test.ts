// tokenizer.json as we write it, opened by Hugging Face's own library: the same tokens of any text, and the text back.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { storiesMissing, storiesText, storiesVocabulary } from "@weft/tensor/formats/storiesFixture";
import { transformersTokenizer } from "@weft/tensor/saved/transformersTokenizer";
import { createByteTokenizer } from "@weft/tensor/tokenizers/byteTokenizer";
import { openTokenizer, type TokenizerData } from "@weft/tensor/tokenizers/tokenizers";
import { trainBpe } from "@weft/tensor/tokenizers/trainBpe";
import { importPeer } from "../../tools/peers.ts";

type Peer = {
  encode(text: string, options?: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean }): string;
};
let Tokenizer: new (tokenizer: object, config: object) => Peer;
before(async () => {
  ({ Tokenizer } = await importPeer<{ Tokenizer: typeof Tokenizer }>("@huggingface/tokenizers"));
});

const peerOf = (data: TokenizerData): Peer => {
  const { tokenizer, config } = transformersTokenizer(data, 64);
  // As it is read from a file.
  return new Tokenizer(JSON.parse(JSON.stringify(tokenizer)), JSON.parse(JSON.stringify(config)));
};

/** Texts of words, digits, white space, marks and other scripts, in any order. */
function drawText(seed: number, parts: readonly string[]): string {
  let state = seed;
  const below = (limit: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
  return Array.from({ length: 1 + below(60) }, () => parts[below(parts.length)]).join("");
}

const ascii = "the The n't 's 'll 're 't re ve it's 0 7 42 2024 , . -- '' ( \n \n\n \t \r\n \v \f _ x".split(" ");
const parts = [...ascii, " ", " ", "  ", "   ", " a", "b", "\u0000", "\u007f"];
const others = [
  "\u00df",
  "caf\u00e9",
  "\u6f22\u5b57",
  "\ud83d\ude00",
  "\u00a0",
  "\u0085",
  "\u2028",
  "\u200d",
  "\ufeff",
  "\u0130",
];
const trainedOn = new TextEncoder().encode(
  Array.from({ length: 300 }, (_, i) =>
    drawText(i + 1, [...parts, "other words that come again ", "\u6f22\u5b57"]),
  ).join(""),
);

const vocabularies: Record<string, TokenizerData> = {
  "byte pairs": trainBpe(trainedOn, { vocab: 400, end: true }),
  "byte pairs without an end mark": trainBpe(trainedOn, { vocab: 300, end: false }),
  "all bytes": createByteTokenizer(),
};

for (const [name, data] of Object.entries(vocabularies))
  test(`${name}: any text becomes the same tokens, and they the text`, () => {
    const [own, peer] = [openTokenizer(data), peerOf(data)];
    for (let seed = 1; seed <= 400; seed++) {
      const text = drawText(seed, [...parts, ...others]);
      const wanted = [...own.encode(new TextEncoder().encode(text))];
      assert.deepEqual(peer.encode(text).ids, wanted, JSON.stringify(text));
      assert.equal(peer.decode(wanted, { skip_special_tokens: true }), text);
    }
  });

test("the bytes of a corpus: its text alone; the end mark is special", () => {
  const data = createByteTokenizer({ corpus: new TextEncoder().encode("to be, or not\n") });
  const [own, peer] = [openTokenizer(data), peerOf(data)];
  assert.deepEqual(peer.encode("not to be").ids, [...own.encode(new TextEncoder().encode("not to be"))]);
  assert.deepEqual(peer.encode("be<|endoftext|>").ids.at(-1), own.end);
  assert.equal(peer.decode([own.end!], { skip_special_tokens: true }), "");
});

test("stories260K: the same tokens of its own text and of others", { skip: storiesMissing }, () => {
  const data = storiesVocabulary();
  const [own, peer] = [openTokenizer(data), peerOf(data)];
  const words = [
    "Once upon a time, ",
    "Lily",
    "'s mom",
    " said",
    "Zo\u00eb",
    "\u6f22\u5b57?",
    "\n",
    "the ",
    "  ",
    " ",
    "aaa",
    "!!!",
  ];
  for (const text of [storiesText(), ...Array.from({ length: 200 }, (_, i) => drawText(i + 1, words))]) {
    const wanted = [...own.encode(new TextEncoder().encode(text), { begin: true })];
    assert.deepEqual(peer.encode(text).ids, wanted, JSON.stringify(text));
    assert.equal(peer.decode(wanted, { skip_special_tokens: true }), text);
  }
});
