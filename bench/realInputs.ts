// Real inputs of the data root, which benches read and never copy.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dataRoot } from "../tools/skips.ts";

/** Where an input of the data root lies. Throws when it isn't there. */
export function inputPath(...parts: readonly string[]): string {
  const path = join(dataRoot(), ...parts);
  if (!existsSync(path)) throw new Error(`${path} is not there; set WEFT_DATA to the data root`);
  return path;
}

/** The corpus of the main job, and where it lies. */
export function tinyShakespeare(): { readonly path: string; readonly corpus: Uint8Array } {
  const path = inputPath("ml", "tinyshakespeare", "input.txt");
  return { path, corpus: readFileSync(path) };
}
