// The games that contracts and players share. WEFT_WRITE_VECTORS=1 rewrites them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { gameVectors } from "./gameVectorsFixture.ts";

const file = new URL("../../../../spec/vectors/court/games.json", import.meta.url);

test("spec/vectors/court/games.json is what the players play", async () => {
  const { rules, ...tables } = await gameVectors();
  const lines = (table: object) =>
    Object.entries(table)
      .map(([key, list]) => `${JSON.stringify(key)}: ${JSON.stringify(list)}`)
      .join(",\n");
  const parts = Object.entries(tables).map(([name, table]) => `${JSON.stringify(name)}: {\n${lines(table)}\n}`);
  const made = `{\n"rules": ${JSON.stringify(rules)},\n${parts.join(",\n")}\n}\n`;
  if (process.env["WEFT_WRITE_VECTORS"] === "1") writeFileSync(file, made);
  assert.equal(readFileSync(file, "utf8"), made);
});
