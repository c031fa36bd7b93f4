// Bytes to token indices of a program's vocabulary.
import type { Program } from "./Program.ts";
import { TensorError } from "./TensorError.ts";

/** The corpus as token indices. Throws TensorError `bad-corpus` on a byte outside the vocabulary. */
export function tokenise(program: Program, corpus: Uint8Array): Uint8Array {
  const index = new Int16Array(256).fill(-1);
  program.vocab.forEach((byte, i) => {
    index[byte] = i;
  });
  return corpus.map((byte, at) => {
    if (index[byte]! < 0)
      throw new TensorError(
        "bad-corpus",
        `byte ${byte} at ${at} is outside the program's vocab`,
        "use the program's corpus",
      );
    return index[byte]!;
  });
}
