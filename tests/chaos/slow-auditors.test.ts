// Auditors that never come to an end: the job does, and says so; the nodes are free for the next audit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("audits that nobody answers in time are told as such, block nothing, and leave later ones to be answered", {
  timeout: 600_000,
}, async (t) => {
  const slow = { sells: false, stuckReplays: 1 };
  const network = await startTestNetwork({ seed: 61, nodes: [{}, slow, slow, slow], segmentSeconds: 2 });
  t.after(() => network.stop());
  const program = { steps: 36, stepsPerSegment: 3 };
  const job = await network.buy({ program, duration: "120s" });
  const done = await job.done();
  const told = job.all("audit");
  const missed = told.filter(({ phase }) => phase === "missed").map(({ segment }) => segment);
  const answered = told.filter(({ phase }) => phase === "ok").map(({ segment }) => segment);
  t.diagnostic(`missed ${missed}; answered ${answered}`);
  assert.ok(missed.length > 0, "an audit whose three nodes were all stuck lapsed");
  assert.ok(
    answered.some((segment) => segment > missed[0]!),
    "nodes let go of what is too late",
  );
  assert.equal(
    new Set([...missed, ...answered]).size,
    missed.length + answered.length,
    "a segment is either verified or not",
  );
  assert.equal(job.all("failover").length, 0);
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "2400");
  await network.conservation();
});
