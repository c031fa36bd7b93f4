// The same tests, two orders of magnitude longer: 10,000 fuzz runs, 256 x 256 invariant calls.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deepTimeoutMs, forge } from "./snapshots.ts";

test("contracts: forge test, deep", () => {
  const { ok, output } = forge(["test"], { env: { FOUNDRY_PROFILE: "deep" }, timeoutMs: deepTimeoutMs });
  assert.ok(ok, output.slice(-8000));
});
