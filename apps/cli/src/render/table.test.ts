// A table where there is no terminal, on a wide one, and on one that is too narrow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wholeTable } from "./table.ts";
import { hang, widthOf } from "./terminalText.ts";

const columns = [
  { title: "game" },
  { title: "ground", spare: 2 },
  { title: "state" },
  { title: "gas", align: "right" as const, spare: 1 },
];
const rows = [
  ["0x02148b…c768", "history", "playing: node to move, 1:45", "1,280,929"],
  ["0x9b2d9b…ad10", "start", "won: false", "12"],
];

test("in a pipe nothing is cut, whatever the width; on a wide terminal neither", () => {
  const piped = wholeTable(columns, rows, { colour: false, width: 20, piped: true });
  assert.deepEqual(piped, wholeTable(columns, rows, { colour: false, width: 100 }));
  assert.deepEqual(piped, [
    "  game           ground   state                              gas",
    "  0x02148b…c768  history  playing: node to move, 1:45  1,280,929",
    "  0x9b2d9b…ad10  start    won: false                          12",
  ]);
});

test("on a narrow one the columns that say least go first, then rows go on below: no word is lost", () => {
  assert.deepEqual(
    wholeTable(columns, rows, { colour: false, width: 56 })[1],
    "  0x02148b…c768  playing: node to move, 1:45  1,280,929",
  );
  const narrow = wholeTable(columns, rows, { colour: false, width: 40 });
  assert.deepEqual(narrow.slice(1, 3), ["  0x02148b…c768 playing: node to move,", "      1:45"]);
  assert.ok(narrow.every((line) => widthOf(line) <= 40));
});

test("a line that hangs: further in below, colours whole, a word that is too long broken and not cut", () => {
  assert.deepEqual(hang("  one two three four", 12), ["  one two", "     three", "     four"]);
  const hash = "0123456789".repeat(3);
  assert.equal(
    hang(`  ${hash}`, 20)
      .map((line) => line.trim())
      .join(""),
    hash,
  );
  const painted = `  \u001b[31m${"word ".repeat(8)}\u001b[39m`;
  assert.ok(hang(painted, 20).every((line) => widthOf(line) <= 20));
  assert.equal(hang(painted, 20).join("").replaceAll(/\s/g, ""), painted.replaceAll(/\s/g, ""));
});
