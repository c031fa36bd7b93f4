import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { DisputeStatus } from "./court/DisputeStatus.ts";
import { readDisputes, writeDisputes } from "./disputesFile.ts";

const one: DisputeStatus = {
  ...{ commitment: `0x${"c0".repeat(32)}`, leaseId: `0x${"1e".repeat(32)}`, segment: 3, side: "rival" },
  ...{ state: "move", game: `0x${"9a".repeat(20)}`, ground: "history", until: 1_900_000_000, gasUsed: "65324" },
};

test("a node's disputes are read as they were written; no file, and anything else, is none", () => {
  const home = mkdtempSync(join(tmpdir(), "weft-disputes-"));
  assert.deepEqual(readDisputes(home), []);
  writeDisputes(home, [one, { ...one, state: "refused", code: "court.gas", why: "0 gas are spent" }]);
  assert.deepEqual(readDisputes(home)[0], one);
  assert.equal(readDisputes(home)[1]?.code, "court.gas");
  for (const wrong of ["", "{}", '[{"side":"nobody"}]']) {
    writeFileSync(join(home, "disputes.json"), wrong);
    assert.deepEqual(readDisputes(home), []);
  }
});
