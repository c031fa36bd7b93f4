import assert from "node:assert/strict";
import { test } from "node:test";
import { amountOf, bytesOf, clockOf, compact, grouped, nameOf, shortHash } from "./figures.ts";
import { repaint } from "./LivePainter.ts";
import { tableLines } from "./table.ts";
import { fit, harmless, paint, wantsColour, widthOf, wrap } from "./terminalText.ts";

test("colour: asked for, refused, and by terminal", () => {
  assert.equal(wantsColour({}, true), true);
  assert.equal(wantsColour({}, false), false);
  assert.equal(wantsColour({ NO_COLOR: "1" }, true), false);
  assert.equal(wantsColour({ NO_COLOR: "" }, true), true, "no-color.org: only when not empty");
  assert.equal(wantsColour({ TERM: "dumb" }, true), false);
  assert.equal(wantsColour({ FORCE_COLOR: "1" }, false), true);
  assert.equal(wantsColour({ FORCE_COLOR: "1", NO_COLOR: "1" }, false), false);
  assert.equal(paint({ colour: false, width: 80 }, "red", "x"), "x");
  assert.equal(paint({ colour: true, width: 80 }, "red", "x"), "\u001b[31mx\u001b[39m");
});

test("text of others cannot drive the terminal", () => {
  assert.equal(harmless("a\u001b[31mb\u001b]0;title\u0007c\rd\te\u202ef"), "abc d  e·f");
  assert.equal(harmless("one\ntwo\u0000", { lines: true }), "one\ntwo·");
});

test("width, cutting and wrapping count columns", () => {
  assert.equal(widthOf("\u001b[31mab\u001b[39m"), 2);
  assert.equal(widthOf("日本"), 4);
  assert.equal(widthOf("e\u0301"), 1);
  assert.equal(fit("abcdef", 6), "abcdef");
  assert.equal(fit("abcdef", 4), "abc…");
  assert.equal(fit("\u001b[31mabcdef\u001b[39m", 4), "\u001b[31mabc…\u001b[0m");
  assert.equal(fit("日本語", 4), "日…");
  assert.equal(fit("abc", 0), "");
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("incomprehensibilities x", 8), ["incompr…", "x"]);
});

test("tables align and give way on the right", () => {
  const columns = [{ title: "name" }, { title: "price", align: "right" as const }];
  const rows = [
    ["a", "1.5"],
    ["longer", "10.25"],
  ];
  assert.deepEqual(tableLines(columns, rows, { colour: false, width: 80 }), [
    "  name    price",
    "  a         1.5",
    "  longer  10.25",
  ]);
  assert.deepEqual(tableLines(columns, rows, { colour: false, width: 10 })[2], "  longer …");
});

test("figures", () => {
  assert.equal(amountOf("182"), "0.000182");
  assert.equal(amountOf(1_500_000n), "1.500000");
  assert.equal(grouped(1_234_567), "1,234,567");
  assert.equal(grouped("999"), "999");
  assert.deepEqual(
    [compact(950), compact(1500), compact(118_432), compact(2_500_000)],
    ["950", "1.5k", "118k", "2.5M"],
  );
  assert.deepEqual([bytesOf(12), bytesOf(2048), bytesOf(5 * 1024 ** 2)], ["12 B", "2.0 KiB", "5.0 MiB"]);
  assert.deepEqual([clockOf(0), clockOf(95), clockOf(3661)], ["0:00", "1:35", "1:01:01"]);
  assert.equal(shortHash(`0x${"ab".repeat(32)}`), "0xababab…abab");
  const names = new Map([["0xaa", "node-1"]]);
  assert.deepEqual([nameOf(names, "0xAA"), nameOf(names, "0xbb")], ["node-1", "0xbb"]);
});

test("repainting goes up exactly over what was shown", () => {
  assert.equal(repaint(0, ["a"]), "\u001b[?2026h\r\u001b[Ja\n\u001b[?2026l");
  assert.equal(repaint(3, ["a", "b"]), "\u001b[?2026h\u001b[3A\r\u001b[Ja\nb\n\u001b[?2026l");
});
