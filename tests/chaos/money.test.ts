// Not enough money, a ceiling nobody meets, a stake too small: the reason is said per offer, and nothing is reserved.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

const limit = { timeout: 600_000 };

test("a ceiling too low: every offer says by how much it is above it", limit, async (t) => {
  const network = await startTestNetwork({ seed: 81, nodes: 2 });
  t.after(() => network.stop());
  // 0.324 an hour = 90 units a second; the nodes ask 100 and 110.
  const job = await network.buy({ mechanism: "postedPrice", pay: { maxPricePerHour: "0.324" } });
  const end = await job.until("unmatched");
  assert.deepEqual(end.reasons.map(({ nodeId }) => network.node(nodeId).name).sort(), ["node-1", "node-2"]);
  const said = new Map(end.reasons.map(({ nodeId, reasons }) => [network.node(nodeId).name, reasons]));
  assert.deepEqual(said.get("node-1"), ["asks 0.36 per unit and hour, 0.036 above the ceiling of 0.324"]);
  assert.deepEqual(said.get("node-2"), ["asks 0.396 per unit and hour, 0.072 above the ceiling of 0.324"]);
  assert.equal((await network.balances())["buyer"]?.free, 50_000_000n);
});

test("out of money: the order is matched with nobody, and says what is missing", limit, async (t) => {
  const network = await startTestNetwork({ seed: 82, nodes: 2, escrow: 5000n });
  t.after(() => network.stop());
  // 60 s at 100 a second and as much again for audits: 12,000 of which 5,000 are there.
  const job = await network.buy({ mechanism: "postedPrice" });
  const end = await job.until("unmatched");
  assert.match(JSON.stringify(end.reasons), /escrow|free/i);
  assert.equal((await network.balances())["buyer"]?.free, 5000n);
  assert.equal(network.snapshot.leases.size, 0);
});

test("over budget: refused before anybody is asked", limit, async (t) => {
  const network = await startTestNetwork({ seed: 83, nodes: 1 });
  t.after(() => network.stop());
  const job = await network.buy({ mechanism: "postedPrice", pay: { budget: "0.01" } });
  assert.match(JSON.stringify((await job.until("unmatched")).reasons), /budget/i);
});

test("a stake too small: the node's offers are not taken, the others' are", limit, async (t) => {
  const network = await startTestNetwork({ seed: 84, nodes: [{ price: 50n, stake: 1n }, {}, {}, {}] });
  t.after(() => network.stop());
  const job = await network.buy({ mechanism: "postedPrice" });
  const lease = await job.until("lease");
  assert.equal(network.node(lease.nodeId).name, "node-2", "the cheaper node-1 has too little at stake");
  await job.done();
});

test("a job file out of bounds is refused with field, limit and remedy", limit, async (t) => {
  const network = await startTestNetwork({ seed: 85, nodes: 1 });
  t.after(() => network.stop());
  await assert.rejects(network.buy({ program: { steps: 0 } }), (error) => {
    assert.ok(hasCode(error, "job.malformed"));
    assert.match(error.message, /program\.steps/);
    assert.ok(error.remedy);
    return true;
  });
});
