import assert from "node:assert/strict";
import { test } from "node:test";
import { lossLine, lossPlot } from "./lossPlot.ts";

const falling = [8, 4, 2, 1, 0].map((bitsPerByte, index) => ({ step: 100 * (index + 1), bitsPerByte }));

test("one line of blocks: the highest loss is the highest block", () => {
  assert.equal(lossLine(falling, 20), "█▅▃▂▁");
  assert.equal(lossLine(falling, 3), "█▃▁");
  assert.equal(
    lossLine(
      [...falling].map((point) => ({ ...point, bitsPerByte: 3 })),
      20,
    ),
    "▁▁▁▁▁",
  );
  assert.equal(lossLine(falling.slice(0, 1), 20), "", "one point is no curve");
});

test("the picture: a scale at the left, steps below, the curve from the top left to the bottom right", () => {
  assert.deepEqual(lossPlot(falling, { columns: 16, rows: 3 }), [
    "8.00 ┤⠑⠢⡀",
    "     │  ⠈⠑⠤⢄⣀",
    "0.00 ┤       ⠉⠑⠒⠒⠢⠤⠤⢄⣀",
    "      step 100     500",
  ]);
  assert.deepEqual(lossPlot(falling.slice(0, 1), { columns: 16, rows: 3 }), []);
});

test("points between which nothing was reported are joined; many points of one column are averaged", () => {
  const two = [falling[0], falling.at(-1)].filter((point) => point !== undefined);
  const joined = lossPlot(two, { columns: 8, rows: 2 }).slice(0, 2).join("");
  assert.equal([...joined].filter((character) => character >= "\u2801" && character <= "\u28ff").length, 8);
  const noisy = Array.from({ length: 1000 }, (_, step) => ({ step, bitsPerByte: step % 2 === 0 ? 0 : 10 }));
  const [top, bottom] = lossPlot(noisy, { columns: 8, rows: 2 });
  assert.match(`${top}${bottom}`, /^[45]\.\d\d .*[45]\.\d\d /, "the mean, not the extremes");
});
