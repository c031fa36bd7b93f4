import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Hex } from "viem";
import { openDisputes, putDispute } from "./disputes.ts";
import { closeStore, openStore } from "./Store.ts";

const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;

test("what a node defends is looked at before what it accuses, however much that is", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "weft-store-"));
  const store = openStore(join(folder, "node.sqlite"));
  t.after(() => {
    closeStore(store);
    rmSync(folder, { recursive: true });
  });
  const put = (n: number, side: "defender" | "rival", closed = false) =>
    putDispute(store, {
      dispute: { commitment: hash(n), side, leaseId: hash(0), segment: n, body: {} },
      ...{ at: n, closed },
    });
  for (let n = 0; n < 10; n++) put(n, "rival");
  put(10, "defender");
  put(11, "defender", true);
  put(12, "defender");
  const seen = openDisputes(store, { limit: 4 }).map(({ side, segment }) => [side, segment]);
  assert.deepEqual(seen, [
    ["defender", 10],
    ["defender", 12],
    ["rival", 0],
    ["rival", 1],
  ]);
});
