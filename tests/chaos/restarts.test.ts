// Who dies and comes back goes on: nothing is signed differently, claimed twice or forgotten. The same with real processes
// and kill -9 is in processes.test.ts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("a gateway killed between two vouchers comes back and pays the rest, each segment once", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 41, nodes: 4 });
  t.after(() => network.stop());
  const program = { steps: 48, stepsPerSegment: 6 };
  const job = await network.buy({ program, duration: "120s" });
  await job.until("paid", ({ segment }) => segment === 1);
  await network.kill(network.gateway());

  // Buyer offline, pay mode voucher: the provider works on for four unpaid segments at most, then waits.
  await network.pass(15);
  const { leaseId } = job.all("lease")[0]!;
  const committed = network.snapshot.leases.get(leaseId)!.segmentCount;
  assert.ok(committed >= 3 && committed <= 7, `${committed} of 8 segments committed: it waits for its pay`);

  await network.restart(network.gateway());
  const done = await job.done();
  assert.deepEqual(
    job.all("paid").map(({ segment, cumulative }) => [segment, cumulative]),
    Array.from({ length: 8 }, (_, segment) => [segment, String(200 * (segment + 1))]),
  );
  assert.equal(job.all("lease").length, 1);
  assert.deepEqual(
    done.paid.filter(({ role }) => role === "provider").map(({ amount }) => amount),
    ["1600"],
  );
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
});

test("a provider killed while its claim is under way claims it once, and finishes the job", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 42, nodes: 4 });
  t.after(() => network.stop());
  const program = { steps: 48, stepsPerSegment: 6 };
  const job = await network.buy({ program, duration: "120s" });
  const { leaseId } = await job.until("lease");
  const provider = network.node("node-1");
  // The moment a claim is broadcast and not yet mined: the transaction waits in the pool.
  await network.until("a claim waits to be mined", async () => {
    const pool = (await network.chain.client.rpc.request({ method: "txpool_content", params: [] } as never)) as Pool;
    return claimsIn(pool, network.chain.file.contracts.channels) > 0 ? true : undefined;
  });
  await network.kill(provider);
  await network.pass(3);
  await network.restart(provider);
  const done = await job.done();
  assert.equal(job.all("lease").length, 1, "it came back before the gateway's patience ended");
  const channel = network.snapshot.leases.get(leaseId)!.channel;
  assert.equal(channel.claimed, 1600n);
  assert.deepEqual(
    done.paid.filter(({ role }) => role === "provider").map(({ amount }) => amount),
    ["1600"],
  );
});

type Pool = { pending: Record<string, Record<string, { to: string | null; input: string }>> };

/** `claim(bytes32,uint128,bytes)` and `batchClaim(...)` calls that wait. */
function claimsIn(pool: Pool, channels: string): number {
  const waiting = Object.values(pool.pending).flatMap((byNonce) => Object.values(byNonce));
  return waiting.filter(({ to }) => to?.toLowerCase() === channels).length;
}
