// The games that contracts and players share. WEFT_WRITE_VECTORS=1 rewrites them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { gameVectors } from "./gameVectorsFixture.ts";

const file = new URL("../../../../spec/vectors/court/games.json", import.meta.url);

test("spec/vectors/court/games.json is what the players play", async () => {
  const { rules, games } = await gameVectors();
  const lines = games.map((game) => JSON.stringify(game)).join(",\n");
  const made = `{\n"rules": ${JSON.stringify(rules)},\n"games": [\n${lines}\n]\n}\n`;
  if (process.env["WEFT_WRITE_VECTORS"] === "1") writeFileSync(file, made);
  assert.equal(readFileSync(file, "utf8"), made);
});
