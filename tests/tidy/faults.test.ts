// tests/FAULTS.md names, for each fault, the test that shows what happens: held here to the files.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../tools/skips.ts";

const row = /^\| (?<fault>.+?) \| `(?<file>[^`]+)` \| (?<name>.+?) \|$/;

test("each fault of the table has its test", () => {
  const lines = readFileSync(join(repositoryRoot, "tests/FAULTS.md"), "utf8").split("\n");
  const rows = lines.map((line) => row.exec(line)?.groups).filter((groups) => groups !== undefined);
  const tableLines = lines.filter((line) => line.startsWith("| ") && !line.startsWith("| fault "));
  assert.equal(rows.length, tableLines.length, "every line of the tables is read");
  assert.ok(rows.length >= 30);
  for (const { fault = "", file = "", name = "" } of rows) {
    const path = join(repositoryRoot, file);
    assert.ok(existsSync(path), `${fault}: there is no ${file}`);
    assert.ok(readFileSync(path, "utf8").includes(name), `${fault}: ${file} has no test "${name}"`);
  }
});
