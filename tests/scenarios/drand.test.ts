// A drand network feeds the beacon in place of the stakers: nodes read its rounds from relays, none of which they believe,
// and bring those that commitments name to the chain. When the network is away, work waits for it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { abis } from "@weft/chain/Abis";
import { readDrandNetwork, readRandom } from "@weft/chain/reads";
import { segmentsOf } from "@weft/chain/Snapshot";
import { segmentsOfTinyJob, trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";
import { isSigned, randomnessOf } from "@weft/verification/drand";
import { decodeFunctionData } from "viem";

/** Every round that was brought, with the signature it was brought by; more than once where that happened. */
async function brought(network: TestNetwork) {
  const { client, file } = network.chain;
  const found: { round: bigint; signature: `0x${string}` }[] = [];
  for (let number = file.fromBlock; number <= network.snapshot.block; number++) {
    const block = await client.rpc.getBlock({ blockNumber: number, includeTransactions: true });
    for (const { to, input } of block.transactions) {
      if (to?.toLowerCase() !== file.contracts.beacon) continue;
      const { functionName, args } = decodeFunctionData({ abi: abis.beacon, data: input });
      if (functionName === "bring") found.push({ round: args[0], signature: args[1] });
    }
  }
  return found;
}

test("relays that lie, pour and fail: every round that is named is brought once, from the one that is right", {
  timeout: 600_000,
}, async (t) => {
  const drandRelays = ["otherGroup", "endless", "failing", "right"] as const;
  const network = await startTestNetwork({ seed: 51, nodes: 5, drandRelays });
  t.after(() => network.stop());
  const job = await network.buy();
  const { leaseId } = await job.until("lease");
  const named = new Set<bigint>();
  await network.until("all segments are committed", () => {
    const segments = segmentsOf(network.snapshot, leaseId);
    for (const { beaconRound } of segments) named.add(beaconRound);
    return segments.length === segmentsOfTinyJob ? true : undefined;
  });
  const done = await job.done();
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone()));
  assert.ok(
    job.all("audit").some(({ phase }) => phase === "ok"),
    "what the network drew was audited",
  );

  // Time for a second caller to come, if one did not see the first.
  await network.pass(15);
  const rounds = await brought(network);
  assert.deepEqual(rounds.map(({ round }) => round).sort(), [...named].sort());
  const { client } = network.chain;
  const chain = await readDrandNetwork(client);
  assert.ok(chain !== undefined);
  for (const { round, signature } of rounds) {
    const args = [round] as const;
    const drandRound = await client.rpc.readContract({
      ...{ address: client.network.contracts.beacon, abi: abis.beacon, functionName: "drandRoundOf", args },
    });
    assert.ok(isSigned(chain, { round: drandRound, signature }));
    assert.equal(await readRandom(client, round), randomnessOf(signature));
  }
  await network.conservation();
});

test("an outage of the drand network: nothing is drawn and nothing paid until its rounds come, then the job goes on", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 52, nodes: 5, drandRelays: ["right"] });
  t.after(() => network.stop());
  const [relay] = network.chain.relays;
  assert.ok(relay !== undefined);
  const program = { steps: 48, stepsPerSegment: 6 };
  const job = await network.buy({ program, duration: "150s" });
  const { leaseId } = await job.until("lease");
  await job.until("paid", ({ cumulative }) => cumulative === "400");

  relay.manner = "failing";
  // Four unpaid ones, and the one that was begun before the fourth was known to be.
  const allowed = 5;
  const segments = () => segmentsOf(network.snapshot, leaseId);
  const undrawn = () =>
    segments().filter(({ beaconRound }) => !network.snapshot.rounds.get(`${beaconRound}`)?.broughtAt);
  await network.until("the provider waits for its pay", () => (undrawn().length === allowed ? true : undefined));
  const [paid, committed] = [job.all("paid").length, segments().length];
  // Longer than a case may wait to be opened.
  await network.pass(12);
  assert.equal(segments().length, committed, "no work on credit beyond what the owner allows");
  assert.equal(job.all("paid").length, paid);
  const missed = undrawn();

  relay.manner = "right";
  const done = await job.done();
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
  assert.equal(job.all("paid").at(-1)?.cumulative, "1600");
  for (const { segment } of missed) {
    const told = job.all("audit").filter((event) => BigInt(event.segment) === BigInt(segment));
    assert.ok(!told.some(({ phase }) => phase === "ok"), "an audit that could not begin in time has lapsed");
  }
  await network.conservation();
});
