// For tests: the 260K-parameter story model of llama2.c from the data root, and its text after 200 greedy tokens.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dataRoot } from "../../../../tools/skips.ts";
import { type GptWeights, readLlama2cCheckpoint } from "./readLlama2cCheckpoint.ts";
import { readLlama2cVocabulary } from "./readLlama2cVocabulary.ts";

const folder = join(dataRoot(), "ml", "stories260K");

export const storiesMissing = !existsSync(folder);

export const storiesModel = (): GptWeights => readLlama2cCheckpoint(readFileSync(join(folder, "stories260K.bin")));
export const storiesVocabulary = () => readLlama2cVocabulary(readFileSync(join(folder, "tok512.bin")));

/** What 200 greedy tokens after the begin mark say. */
export function storiesText(): string {
  return readFileSync(join(folder, "expected_greedy_200.txt"), "utf8").replace(/\n$/, "");
}
