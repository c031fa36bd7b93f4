// Segments on a real chain: committed, drawn by the beacon, held, audited; the fold follows and the audit is paid.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { signNoun } from "@weft/protocol/Domain";
import { hasCode } from "@weft/protocol/Errors";
import * as Held from "@weft/protocol/Held";
import { nodeIdOf } from "@weft/protocol/NodeId";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import * as Segment from "@weft/protocol/Segment";
import { type Hex, keccak256, toHex } from "viem";
import { commitAudit, sealOf, type Verdict } from "./actions/commitAudit.ts";
import { commitSegment } from "./actions/commitSegment.ts";
import { deposit } from "./actions/deposit.ts";
import { enrolBeacon } from "./actions/enrolBeacon.ts";
import { openLease } from "./actions/openLease.ts";
import { proveHeld } from "./actions/proveHeld.ts";
import { revealAudit } from "./actions/revealAudit.ts";
import { revealBeacon } from "./actions/revealBeacon.ts";
import { startLease } from "./actions/startLease.ts";
import { ChainStore } from "./ChainStore.ts";
import { accountOf, eventually, patienceMs, wallClock } from "./chainFixture.ts";
import { LiveSnapshot } from "./LiveSnapshot.ts";
import {
  fund,
  type NetworkFixture,
  networkFixture,
  provider,
  salt,
  signedOffer,
  signedOrder,
  zeroHash,
} from "./networkFixture.ts";
import { readCommitment } from "./readCommitment.ts";
import { chainTime, type Draw, readBeaconClock, readChannel, readDraw, roundAt } from "./reads.ts";
import { frozenUntil, segmentKey, segmentsOf } from "./Snapshot.ts";

const names = ["n1", "n2", "n3", "n4"];
const preimage = (name: string): Hex => keccak256(toHex(`preimage ${name}`));
const nodeOf = (name: string): Hex => nodeIdOf(accountOf(name).address, salt);
const stepRoot = keccak256(toHex("step"));
const leaf = `0x${createHash("sha256")
  .update(Buffer.from(`00${stepRoot.slice(2)}`, "hex"))
  .digest("hex")}` as Hex;
/** Sampled at one half each: none of them is, once in a million runs. */
const segments = 20;

/** This one comes through another contract, so that its transaction's calldata need not show it. */
const indirect = 3n;
const forwarder: Hex = `0x${"f0".repeat(20)}`;
/** Hands its calldata on to one address and reverts where that does. */
const forwarderTo = (address: Hex): Hex => `0x363d3d373d3d363d3d73${address.slice(2)}5af160285760006000fd5b00`;

async function runningLease(network: NetworkFixture) {
  const { client } = network;
  await fund(network, [...names, ...names.map((name) => `${name} operator`), "buyer"]);
  await Promise.all(names.map((name) => provider(network, name)));
  for (const name of names) {
    const tip = keccak256(preimage(name));
    await network.senderOf(accountOf(`${name} operator`)).send(enrolBeacon(client, { nodeId: nodeOf(name), tip }));
  }
  const buyer = accountOf("buyer");
  const sender = network.senderOf(buyer);
  await sender.send(await deposit(client, { owner: buyer, amount: 50_000_000n, id: "1" }));
  const offer = await signedOffer(network, "n1");
  const order = await signedOrder(network, "buyer");
  await sender.send(openLease(client, { offer, order }));
  const [orderHash, offerHash] = [Order.hash(order.order), Offer.hash(offer.offer)];
  const leaseId = Order.leaseId(orderHash, offerHash, 0);
  await network.senderOf(accountOf("n1 operator")).send(startLease(client, { leaseId }));
  return { leaseId, orderHash, offerHash };
}

/** One-step segments, all drawn by the same beacon round. */
async function commitAll(
  network: NetworkFixture,
  lease: Awaited<ReturnType<typeof runningLease>>,
  beaconRound: bigint,
) {
  const operator = accountOf("n1 operator");
  const sender = network.senderOf(operator);
  const commitments = Array.from({ length: segments }, (_, segment): Segment.SegmentCommitment => {
    const index = BigInt(segment);
    return {
      ...{ leaseId: lease.leaseId, segment: index, firstStep: index, lastStep: index, orderHash: lease.orderHash },
      ...{ program: zeroHash, dataRoot: zeroHash, startRoot: zeroHash, endRoot: zeroHash, historyRoot: leaf },
      ...{ checkpoint: keccak256(toHex(`checkpoint ${index}`)), meteredSeconds: 1n, tokens: 1n, beaconRound },
    };
  });
  const signed = await Promise.all(
    commitments.map(async (commitment) => ({
      commitment,
      signature: await signNoun(network.file, Segment.schema, commitment, operator),
    })),
  );
  const { audits } = network.file.contracts;
  const code = [forwarder, forwarderTo(audits)];
  await network.client.rpc.request({ method: "anvil_setCode", params: code } as never);
  // Each needs the one before it: the sender keeps their order and estimates on the pending block.
  await Promise.all(
    signed.map((segment) => {
      const intent = commitSegment(network.client, { segment, offerHash: lease.offerHash });
      return sender.send(segment.commitment.segment === indirect ? { ...intent, to: forwarder } : intent);
    }),
  );
  return commitments;
}

/** Goes on to the round, in which all reveal, and then past it. */
async function revealRound(network: NetworkFixture, round: bigint) {
  const clock = await readBeaconClock(network.client);
  await network.pass(Number(clock.genesis + round * clock.roundSeconds - (await chainTime(network.client))));
  await Promise.all(
    names.map((name) =>
      network
        .senderOf(accountOf(`${name} operator`))
        .send(revealBeacon(network.client, { nodeId: nodeOf(name), round, preimage: preimage(name) })),
    ),
  );
  await network.pass(Number(clock.roundSeconds));
}

const operatorOf = (nodeId: Hex) => accountOf(`${names.find((name) => nodeOf(name) === nodeId)} operator`);

test("drawn holders make a segment available, a drawn auditor passes it and is paid", async () => {
  const network = await networkFixture({ blockTimeSeconds: 0.05 });
  const { client } = network;
  const store = new ChainStore(":memory:", network.file.networkId);
  const live = new LiveSnapshot(client, { store, clock: wallClock, fromBlock: network.file.fromBlock });
  network.closers.push(() => live.stop());
  const lease = await runningLease(network);
  await network.pass(40);
  // Reveals, seals and openings have windows of seconds: they must not close because this machine is slow.
  await network.freeze();
  const round = roundAt(await readBeaconClock(client), await chainTime(client)) + 4n;
  const commitments = await commitAll(network, lease, round);
  await assert.rejects(
    network
      .senderOf(accountOf("n2 operator"))
      .send(proveHeld(client, { commitment: commitments[0] as never, held: [] })),
    (error) => hasCode(error, "audits.DrawNotReady") && error.retryable,
  );
  for (const segment of [0n, indirect]) {
    const query = { leaseId: lease.leaseId, segment, fromBlock: network.file.fromBlock };
    assert.deepEqual(await readCommitment(client, query), commitments[Number(segment)]);
  }
  await assert.rejects(
    readCommitment(client, { leaseId: lease.leaseId, segment: 99n, fromBlock: network.file.fromBlock }),
    (error) => hasCode(error, "segment.unknown"),
  );
  await revealRound(network, round);
  const draws: Draw[] = [];
  for (const { segment } of commitments)
    draws.push(
      await eventually(async () => {
        const draw = await readDraw(client, { leaseId: lease.leaseId, segment });
        return draw.ready ? draw : undefined;
      }),
    );
  const index = draws.findIndex((draw) => draw.sampled);
  assert.ok(index >= 0);
  const [draw, commitment] = [draws[index] as Draw, commitments[index] as Segment.SegmentCommitment];
  assert.ok(!draw.holders.includes(nodeOf("n1")) && !draw.auditors.includes(nodeOf("n1")));

  const held = await Promise.all(
    draw.holders.map(async (holder) => {
      const statement = { leaseId: lease.leaseId, segment: BigInt(index), checkpoint: commitment.checkpoint, holder };
      return { held: statement, signature: await signNoun(network.file, Held.schema, statement, operatorOf(holder)) };
    }),
  );
  await network.senderOf(accountOf("n1 operator")).send(proveHeld(client, { commitment, held }));

  const auditor = draw.auditors[0] as Hex;
  const sender = network.senderOf(operatorOf(auditor));
  const verdict: Verdict = {
    ...{ leaseId: lease.leaseId, segment: BigInt(index), auditor, ok: true, stepRoot },
    ...{ altHistoryRoot: zeroHash, salt: keccak256(toHex("salt of the verdict")) },
  };
  await sender.send(commitAudit(client, verdict));
  const wrong = { ...verdict, salt: zeroHash };
  await assert.rejects(sender.send(revealAudit(client, { commitment, verdict: wrong, path: [] })), (error) =>
    hasCode(error, "audits.RevealMismatch"),
  );
  const revealed = await sender.send(revealAudit(client, { commitment, verdict, path: [] }));

  const snapshot = await live.reach(revealed.blockNumber, patienceMs);
  const folded = snapshot.segments.get(segmentKey(lease.leaseId, index));
  assert.equal(folded?.audit, "passed");
  assert.deepEqual([...folded.holders].sort(), [...draw.holders].sort());
  assert.ok(folded.availableAt !== undefined);
  assert.equal(folded.reveals[0]?.stepRoot, stepRoot);
  assert.equal(folded.commitmentHash, Segment.hash(commitment));
  assert.equal(segmentsOf(snapshot, lease.leaseId).length, segments);
  assert.deepEqual([...(snapshot.rounds.get(`${round}`)?.revealed ?? [])].sort(), names.map(nodeOf).sort());
  assert.equal(snapshot.enrolments.get(nodeOf("n1"))?.tip, preimage("n1"));
  const record = snapshot.leases.get(lease.leaseId);
  assert.equal(record?.channel.auditSpent, (await readChannel(client, lease.leaseId)).auditSpent);
  assert.ok((record?.channel.auditSpent ?? 0n) > 0n && record !== undefined && frozenUntil(record) === 0n);
  await network.end();
});

test("a seal binds every part of a verdict", () => {
  const verdict: Verdict = {
    ...{ leaseId: leaf, segment: 1n, auditor: nodeOf("n1"), ok: true, stepRoot, altHistoryRoot: zeroHash, salt: leaf },
  };
  const others: Partial<Verdict>[] = [
    ...[{ leaseId: stepRoot }, { segment: 2n }, { auditor: nodeOf("n2") }, { ok: false }, { stepRoot: leaf }],
    ...[{ altHistoryRoot: leaf }, { salt: stepRoot }],
  ];
  const seals = [verdict, ...others.map((change) => ({ ...verdict, ...change }))].map(sealOf);
  assert.equal(new Set(seals).size, 8);
});
