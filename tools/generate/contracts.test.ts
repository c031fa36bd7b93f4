import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sourcesHash, staleContracts } from "./contracts.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
const parts = ["contracts/src", "contracts/foundry.toml", "contracts/package.json", "packages/chain/src/generated"];

/** A copy of what decides whether the generated files are current. */
function copy(): string {
  const made = mkdtempSync(join(tmpdir(), "weft-generate-"));
  for (const part of parts) cpSync(join(root, part), join(made, part), { recursive: true });
  return made;
}

test("a change of a source, of the compiler settings or of a generated file is noticed without a compiler", () => {
  const untouched = copy();
  const state = staleContracts(untouched);
  for (const path of ["contracts/src/market/Market.sol", "contracts/foundry.toml"]) {
    const changed = copy();
    appendFileSync(join(changed, path), "\n");
    assert.notEqual(sourcesHash(changed), sourcesHash(untouched), path);
    assert.equal(staleContracts(changed).length, 1, path);
    rmSync(changed, { recursive: true });
  }
  const edited = copy();
  appendFileSync(join(edited, "packages/chain/src/generated/Market.ts"), "\n");
  assert.equal(staleContracts(edited).length, 1);
  assert.deepEqual(state, [], "run npm run generate");
  for (const folder of [edited, untouched]) rmSync(folder, { recursive: true });
});
