// spec/vectors/tensor/tokenizers.json: vocabularies trained on small corpora, their hashes, and texts with their tokens.
import { bitsOf } from "../recipes.ts";
import { createByteTokenizer } from "../tokenizers/byteTokenizer.ts";
import { hexOf, latin1 } from "../tokenizers/latin1.ts";
import { llama2cTokenizer } from "../tokenizers/llama2cTokenizer.ts";
import { pieceEnd } from "../tokenizers/splitText.ts";
import { tokenizerHash } from "../tokenizers/TokenizerFile.ts";
import { openTokenizer, type TokenizerData } from "../tokenizers/tokenizers.ts";
import { trainBpe } from "../tokenizers/trainBpe.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const CORPUS = "the cat that sat on the mat, that's the cat there; the other cats were at the theatre.\n\n";
const TEXTS = [
  "",
  "the theatre",
  "it's  12 34  \n\n x 1  2   don't I'll we've 'tis ''s a\t\tb \r\n.  ,,'; (a) --'re 3'm\n",
  "Zo\u00eb \u2014 \u6f22\u5b57 \u{1f600}",
];
/** Longer than a token may be, and with ties of frequency. */
const RUN = `${"a".repeat(700)} zb zb ya ya`;

const llama2c: TokenizerData = llama2cTokenizer.validate({
  kind: "llama2c",
  pieces: [" ", "t", "h", "e", " t", "he", " the", "at", "a"].map((piece) => hexOf(bytes(piece))),
  scores: [0, 0, 0, 0, -1, -2, -3, -1, 0].map(bitsOf),
});

function encoded(data: TokenizerData, texts: readonly string[]) {
  const tokenizer = openTokenizer(data);
  return texts.map((text) => ({ text, tokens: [...tokenizer.encode(bytes(text), { begin: true, end: true })] }));
}

function trained(corpus: string, options: Parameters<typeof trainBpe>[1]) {
  const tokenizer = trainBpe(bytes(corpus), options);
  return { corpus, options, tokenizer, hash: tokenizerHash(tokenizer) };
}

function pieces(text: string): string[] {
  const whole = bytes(text);
  const found: string[] = [];
  for (let at = 0; at < whole.length; ) {
    const end = pieceEnd(whole, at);
    found.push(latin1(whole.subarray(at, end)));
    at = end;
  }
  return found;
}

export function tokenizerVectors() {
  const bpe = trained(CORPUS, { vocab: 290 });
  return {
    pieces: TEXTS.map((text) => ({ text, latin1: pieces(text) })),
    trained: [
      bpe,
      trained(RUN, { vocab: 280, leastCount: 1, end: false }),
      trained("abab bab", { vocab: 9, alphabet: "corpus" }),
    ],
    encoded: [bpe.tokenizer, createByteTokenizer(), llama2c].map((tokenizer) => ({
      tokenizer,
      hash: tokenizerHash(tokenizer),
      texts: encoded(tokenizer, TEXTS),
    })),
  };
}
