// Disputes between running nodes: nobody is asked anything, the court's word is on the chain.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { readGameLog } from "@weft/chain/courtReads";
import type { DisputeState } from "@weft/chain/Snapshot";
import { ladderOf } from "@weft/court/gameRules";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";

const stepsPerSegment = 6;
const timed = { timeout: 600_000 };

/** Of the node's leases. */
const disputeOf = (network: TestNetwork, find: (dispute: DisputeState) => boolean) =>
  network.until("a segment is disputed to its end", () => [...network.snapshot.disputes.values()].find(find));

test(
  "a corrupted run is found, challenged, played to one word, and slashed; the job is done elsewhere",
  timed,
  async (t) => {
    const network = await startTestNetwork({ seed: 41, nodes: 5 });
    t.after(() => network.close());
    const liar = network.node("node-1");
    const flips = network.corrupt(liar, { step: 0, everySteps: stepsPerSegment });
    const stake = network.snapshot.nodes.get(liar.nodeId)!.stake;
    const job = await network.buy();
    const dispute = await disputeOf(
      network,
      ({ eliminated, punished }) => eliminated !== undefined && punished !== undefined,
    );
    const lease = network.snapshot.leases.get(dispute.leaseId)!;
    assert.equal(lease.nodeId, liar.nodeId);
    assert.ok(flips.has(dispute.leaseId));
    assert.equal(dispute.eliminated?.ground, "history");
    const won = dispute.rivals.find(({ end }) => end === "won");
    assert.ok(won !== undefined && won.bond >= ladderOf(network.chain.client.params));
    const { punished } = dispute;
    assert.ok(punished!.bondToSponsor > 0n && punished!.bondToBuyer > 0n);
    const { faultSlashPpm } = network.chain.client.params;
    assert.equal(punished!.stakeBurnt, (stake * faultSlashPpm) / 1_000_000n);
    await job.done();
    // The buyer was told all of it: who challenged whom, each move with its gas, the word that decided it, and what it cost.
    const [challenged] = job.all("challenged");
    assert.deepEqual([challenged?.nodeId, challenged?.leaseId], [liar.nodeId, dispute.leaseId]);
    assert.ok(challenged?.sponsorNode !== undefined && challenged.sponsorNode !== liar.nodeId);
    const moves = job.all("move").filter(({ game }) => game === won.game);
    assert.deepEqual([...new Set(moves.map(({ side }) => side))], ["defender", "rival"]);
    assert.ok(moves.every(({ gas, place }) => gas > 30_000 && place !== undefined));
    const verdict = job.all("verdict").find(({ game }) => game === won.game);
    const { words, operator } = verdict?.found ?? {};
    assert.deepEqual([verdict?.winner, verdict?.proof], ["rival", "proveWord"]);
    assert.ok(operator !== undefined && words?.right === words?.rival && words?.right !== words?.defender);
    const slashed = job.all("slashed").find(({ game }) => game === won.game);
    assert.deepEqual([slashed?.nodeId, slashed?.stakeBurnt], [liar.nodeId, `${punished!.stakeBurnt}`]);
    await network.conservation();
  },
);

test(
  "both players killed -9, their disks lost, the chain gone back, in the middle of a game: it is played to its end",
  timed,
  async (t) => {
    const network = await startTestNetwork({ seed: 43, nodes: 5 });
    t.after(() => network.close());
    const { client, clock, file } = network.chain;
    const liar = network.node("node-1");
    network.corrupt(liar, { step: 0, everySteps: stepsPerSegment });
    const job = await network.buy();
    // Of the lease's first segment: a verdict over an earlier one would end the game before its end.
    const isFirst = ({ live, segment }: DisputeState) => live !== undefined && segment === 0;
    const { live, rivals, commitmentHash } = await disputeOf(network, isFirst);
    const { sponsor } = rivals.find(({ game }) => game === live)!;
    const log = () => readGameLog(client, { game: live!, fromBlock: file.fromBlock });
    const auditor = network.nodes.find(({ plan }) => plan.operator.signer.address.toLowerCase() === sponsor)!;
    for (const player of [liar, auditor]) {
      await network.kill(player);
      // Their disks are gone as well: what their histories are made of they get from others.
      rmSync(player.folder, { recursive: true });
      await network.restart(player);
    }
    const before = await network.until("some moves are made", async () => {
      const { entries } = await log();
      return entries.length >= 3 ? entries : undefined;
    });
    // Back before the last moves, which are gone until somebody sends them again.
    await clock.standstill(async () => {
      const depth = Number((await client.rpc.getBlockNumber()) - before.at(-2)!.block) + 1;
      await client.rpc.request({ method: "anvil_reorg", params: [depth, []] } as never);
      assert.ok((await log()).entries.length < before.length);
    });
    const over = await disputeOf(
      network,
      (one) => one.commitmentHash === commitmentHash && one.eliminated !== undefined,
    );
    assert.equal(over.eliminated?.ground, "history");
    // By a proof, not by anybody's silence.
    const { eventName, args } = (await log()).entries.at(-1)!.event;
    assert.equal(eventName, "GameEnded");
    assert.deepEqual({ ...args, level: 0 }, { game: live, outcome: 2, level: 0, silent: false });
    await job.done();
    await network.conservation();
  },
);
