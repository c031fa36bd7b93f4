// The vectors that contracts and players of the court share. WEFT_WRITE_VECTORS=1 rewrites them.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { courtProgramVectors } from "./courtVectors.ts";
import { vectorFile } from "./vectorText.ts";

const folder = new URL("../../../../spec/vectors/court/", import.meta.url);

test("spec/vectors/court/program.json is what program and corpus give", async () => {
  const file = new URL("program.json", folder);
  const made = vectorFile(await courtProgramVectors());
  if (process.env["WEFT_WRITE_VECTORS"] === "1") {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, made);
  }
  assert.equal(readFileSync(file, "utf8"), made);
});
