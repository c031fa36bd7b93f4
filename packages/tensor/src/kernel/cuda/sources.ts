// The text of kernels/cuda, its own includes put in place: one text for whichever compiler.
import { readFileSync } from "node:fs";

const folder = new URL("../../../../../kernels/cuda/", import.meta.url);

/** The whole source. */
export function kernelSource(): string {
  return expanded("weft.cu");
}

function expanded(name: string): string {
  const text = readFileSync(new URL(name, folder), "utf8");
  return text.replace(/^#include "([a-zA-Z]+\.cuh)"$/gm, (_, included: string) => expanded(included));
}
