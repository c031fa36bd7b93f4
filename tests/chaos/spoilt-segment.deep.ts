// A machine that spoilt a segment and died of it: the node comes back, computes its last segment again, and takes it back before
// anybody can be drawn to look at it. It loses that work, and no stake.
import assert from "node:assert/strict";
import { test } from "node:test";
import { abis } from "@weft/chain/Abis";
import { segmentKey } from "@weft/chain/Snapshot";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("a node that was killed finds its last segment false and takes it back in time; the job goes on elsewhere", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 61, nodes: 5 });
  t.after(() => network.close());
  const { client, file } = network.chain;
  const spoilt = network.node("node-1");
  const stake = network.snapshot.nodes.get(spoilt.nodeId)!.stake;
  network.corrupt(spoilt, { step: 0 });
  const job = await network.buy();
  const { leaseId, nodeId } = await job.until("lease");
  assert.equal(nodeId, spoilt.nodeId);
  await network.until("a segment is committed", () => network.snapshot.segments.get(segmentKey(leaseId, 0n)));
  await network.kill(spoilt);
  // Only that life's memory was bad.
  delete spoilt.runtimeFaults.corrupt;
  await network.restart(spoilt);
  const { audits } = file.contracts;
  const [taken] = await network.until("it is taken back", async () => {
    const logs = await client.rpc.getContractEvents({
      ...{ address: audits, abi: abis.audits, eventName: "SegmentRetracted", fromBlock: file.fromBlock },
      args: { leaseId },
    });
    return logs.length > 0 ? logs : undefined;
  });
  assert.equal(taken?.args.segment, 0);
  await job.done();
  // Never committed again, not by this life nor by another lease of the same node in its place.
  assert.equal(network.snapshot.leases.get(leaseId)?.segmentCount, 0);
  assert.equal(network.snapshot.leases.get(leaseId)?.reason, "providerQuit");
  assert.equal(spoilt.node.status().refused["job.falseSegment"], 1);
  assert.equal(network.snapshot.nodes.get(spoilt.nodeId)?.stake, stake);
  assert.ok([...network.snapshot.disputes.values()].every(({ eliminated }) => eliminated === undefined));
  await network.conservation();
});
