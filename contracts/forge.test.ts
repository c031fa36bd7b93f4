// The Solidity tests and the committed snapshots, as part of `npm test`. The contracts compile here when they changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { forge, gasSnapshot, staleSnapshots } from "./snapshots.ts";

test("contracts: forge test", () => {
  const { ok, output } = forge(["test"]);
  assert.ok(ok, output.slice(-8000));
  const ran = /(\d+) tests passed, 0 failed, 0 skipped/.exec(output);
  assert.ok(ran !== null && Number(ran[1]) > 200, output.slice(-2000));
});

test("contracts: ABI, storage layout and size are those committed", () => {
  assert.deepEqual(staleSnapshots({ write: false }), [], "run `node contracts/snapshots.ts --write` and commit");
});

test("contracts: gas is that committed", () => {
  const { ok, changed, output } = gasSnapshot({ write: false });
  assert.ok(ok, output.slice(-4000));
  assert.deepEqual(changed, [], "run `node contracts/snapshots.ts --write` and commit");
});
