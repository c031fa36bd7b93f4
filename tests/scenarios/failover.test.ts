// The working provider dies. The job goes on elsewhere from the last checkpoint that others hold, nobody is paid twice,
// and what the buyer gets is what it would have got anyway.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("the runner-up takes over from the last paid checkpoint", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 13, nodes: 5 });
  t.after(() => network.stop());
  const [first, second] = [network.node("node-1"), network.node("node-2")];
  const program = { steps: 48, stepsPerSegment: 6 };
  const job = await network.buy({ program });

  await job.until("paid", ({ segment }) => segment === 2);
  await network.kill(first);
  const moved = await job.until("failover");
  const done = await job.done();

  assert.equal(moved.fromNode, first.nodeId);
  assert.equal(moved.toNode, second.nodeId);
  assert.deepEqual(
    job.all("lease").map(({ nodeId, fill }) => [nodeId, fill]),
    [
      [first.nodeId, 0],
      [second.nodeId, 1],
    ],
  );

  const verdicts = job.all("audit").filter(({ phase }) => phase === "ok" || phase === "accused");
  t.diagnostic(`audits: ${verdicts.map(({ segment, phase }) => `${segment} ${phase}`).join(", ")}`);
  assert.ok(
    verdicts.every(({ phase }) => phase === "ok"),
    "auditors find the right start of the second lease as well",
  );

  // Every step was paid once: segments 0..n to the first node, the rest to the second.
  const paid = job.all("paid");
  assert.deepEqual(
    paid.map(({ segment }) => segment),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  const bySecond = paid.filter(({ nodeId }) => nodeId === second.nodeId).length;
  assert.equal(moved.fromStep, (8 - bySecond) * 6);
  assert.ok(bySecond >= 4 && bySecond <= 5, "at most one interval was paid for twice or lost");

  // A dead node claims nothing more; the second has all of its 2 s segments at 110 a second.
  const providers = new Map(done.paid.filter(({ role }) => role === "provider").map((one) => [one.nodeId, one.amount]));
  assert.equal(providers.get(second.nodeId), String(bySecond * 2 * 110));
  assert.ok(Number(providers.get(first.nodeId)) <= (8 - bySecond) * 200);
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
});
