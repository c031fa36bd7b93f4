// tokenizer.json and tokenizer_config.json as the tokenizers library of transformers reads them, beside config.json
// (llamaConfig.ts). Written only. A text becomes the same tokens there and here; three things differ, none of them in a
// token that a model of ours has seen: bytes that the vocabulary lacks are left out instead of refused; a text that spells
// a mark, such as <|endoftext|>, is taken for it; of pieces with one score the first is merged, not the leftmost.
import { END_TEXT, spell } from "../formats/gguf/pairVocabulary.ts";
import { scoreNames } from "../formats/gguf/scoreVocabulary.ts";
import { fromBits } from "../recipes.ts";
import { type BpeTokenizer, piecesOf } from "../tokenizers/bpeTokenizer.ts";
import { FIRST_PIECE, type Llama2cTokenizer } from "../tokenizers/llama2cTokenizer.ts";
import type { TokenizerData } from "../tokenizers/tokenizers.ts";

type Json = Record<string, unknown>;
export type TransformersTokenizer = { readonly tokenizer: Json; readonly config: Json };

/** splitText.ts as one expression, for Oniguruma and for JavaScript: whatever is no ASCII counts as a letter. */
const LETTER = "[^\\x00-\\x40\\x5b-\\x60\\x7b-\\x7f]";
const OTHER = "[\\x00-\\x08\\x0e-\\x1f\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7f]";
const SPACE = "[\\x09-\\x0d\\x20]";
const SPLIT = [
  "'(?:[stmd]|re|ve|ll)",
  `\\x20?${LETTER}+`,
  `\\x20?${OTHER}+`,
  // All of the white space before a digit or the end, else all but the last.
  `${SPACE}+(?![^0-9])`,
  `${SPACE}+(?=${SPACE})`,
  SPACE,
  "[0-9]",
].join("|");

const BPE = {
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};
const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };

const special = (id: number, content: string) => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
});
const numbered = (names: readonly string[]) => Object.fromEntries(names.map((name, id) => [name, id]));

function pairs({ bytes, merges, end }: Omit<BpeTokenizer, "kind">): { tokenizer: Json; marks: Json } {
  const names = piecesOf({ bytes, merges }).map(spell);
  const tokenizer = {
    added_tokens: end ? [special(names.length, END_TEXT)] : [],
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Split", pattern: { Regex: SPLIT }, behavior: "Isolated", invert: false }, BYTE_LEVEL],
    },
    post_processor: null,
    decoder: BYTE_LEVEL,
    model: {
      ...BPE,
      vocab: numbered(end ? [...names, END_TEXT] : names),
      merges: merges.map((pair) => pair.map((token) => names[token]).join(" ")),
    },
  };
  return { tokenizer, marks: end ? { bos_token: END_TEXT, eos_token: END_TEXT } : {} };
}

/** Every way to join two names into one that has a score; higher scores first. */
function mergesOf(names: readonly string[], scores: readonly number[]): string[] {
  const known = new Set(names.slice(FIRST_PIECE));
  return names
    .slice(FIRST_PIECE)
    .map((name, piece) => ({ letters: [...name], score: fromBits(scores[piece]!) }))
    .sort((a, b) => b.score - a.score)
    .flatMap(({ letters }) =>
      letters.slice(1).flatMap((_, i) => {
        const [left, right] = [letters.slice(0, i + 1).join(""), letters.slice(i + 1).join("")];
        return known.has(left) && known.has(right) ? [`${left} ${right}`] : [];
      }),
    );
}

function scored(data: Llama2cTokenizer): { tokenizer: Json; marks: Json } {
  const names = scoreNames(data);
  const [unknown, begin, end] = names as [string, string, string];
  const tokenizer = {
    added_tokens: [unknown, begin, end].map((name, id) => special(id, name)),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: begin, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { [begin]: { id: begin, ids: [1], tokens: [begin] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      ...BPE,
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
      vocab: numbered(names),
      merges: mergesOf(names, data.scores),
    },
  };
  return { tokenizer, marks: { unk_token: unknown, bos_token: begin, eos_token: end } };
}

/**
 * Both files as JSON; `context` is the most tokens that the model takes. Throws TensorError `bad-tokenizer` for a vocabulary
 * whose pieces are no text or share a name.
 */
export function transformersTokenizer(data: TokenizerData, context: number): TransformersTokenizer {
  const { tokenizer, marks } = data.kind === "llama2c" ? scored(data) : pairs({ merges: [], ...data });
  const common = { model_max_length: context, clean_up_tokenization_spaces: false };
  return {
    tokenizer: { version: "1.0", truncation: null, padding: null, ...tokenizer },
    config: { tokenizer_class: "PreTrainedTokenizerFast", ...common, ...marks },
  };
}
