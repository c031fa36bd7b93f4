// Two gateways want the same machine at the same moment. The chain decides; the loser is told why.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("of two gateways racing for one unit, one gets the lease and one a reason", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({
    seed: 14,
    nodes: [{ capacity: 1n }, { sells: false }, { sells: false }],
    gateways: 2,
  });
  t.after(() => network.stop());
  // Time stands still until both have chosen the same machine: neither sees the other's lease before its own is sent.
  const [a, b] = await network.chain.clock.hold(async () => {
    const jobs = await Promise.all(
      network.gateways.map((gateway) => network.buy({ mechanism: "postedPrice" }, gateway)),
    );
    await Promise.all(jobs.map((job) => job.until("auction")));
    return jobs;
  });
  const ends = await Promise.all([a!.ended(), b!.ended()]);

  const opened = [a!, b!].filter((job) => job.all("lease").length > 0);
  assert.equal(opened.length, 1, `${a!.story()}\n--\n${b!.story()}`);
  assert.deepEqual(ends.map(({ kind }) => kind).sort(), ["done", "failed"]);
  const loser = opened[0] === a ? b! : a!;
  assert.match(loser.story(), /unit|capacity|pool/i, "the reason names the capacity");
  assert.equal(network.snapshot.leases.size, 1);
});
