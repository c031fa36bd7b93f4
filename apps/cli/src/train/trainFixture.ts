// For tests: a folder with a text and a job file so small that a step takes a millisecond, and a context that remembers
// what a command said.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../Context.ts";
import { homeAt } from "../Home.ts";

const phrases = ["The loom is warped. ", "A weft of red thread, ", "and then one of blue; ", "who counts them?\n"];

/** 6 KiB of phrases in an order that doesn't repeat soon. */
function text(): string {
  let word = 1;
  let written = "";
  while (written.length < 6144) {
    word = (word * 48_271) % 2_147_483_647;
    written += phrases[word % phrases.length];
  }
  return written;
}

const yaml = (program: string) => `name: tiny
kind: train-lm
corpus: text.txt
program:
  model: { context: 8, dim: 8, layers: 1, heads: 2 }
  batch: 2
  ${program}
`;

/** A fresh folder with text.txt; `job(name, program)` writes NAME.yaml there and returns its path. */
export function tinyJobs(): { folder: string; job(name: string, program: string): string } {
  const folder = mkdtempSync(join(tmpdir(), "weft-train-"));
  writeFileSync(join(folder, "text.txt"), text());
  return {
    folder,
    job(name, program) {
      const path = join(folder, `${name}.yaml`);
      writeFileSync(path, yaml(program));
      return path;
    },
  };
}

/** A context as of `--json`, or of a pipe, that keeps what is said. */
export function quietContext(
  cwd: string,
  json = true,
): Context & { said: string[]; emitted: Record<string, unknown>[] } {
  const [said, emitted]: [string[], Record<string, unknown>[]] = [[], []];
  return {
    ...{ home: homeAt(join(cwd, ".weft")), cwd, json, live: false, look: { colour: false, width: 120 } },
    ...{ environment: {}, flags: {}, said, emitted },
    say: (line) => void (json || said.push(line)),
    write: (text) => void (json || said.push(text)),
    emit: (value) => void (json && emitted.push(value as Record<string, unknown>)),
    warn: () => undefined,
  };
}
