// A provider that sends receipts which are not what it did: replayed, of another chain, another signer, another lease, with
// another content or with holders that signed nothing. The gateway refuses each with a code, tells the job's owner and pays
// for none; a receipt that was paid is answered with the same voucher again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCommitment } from "@weft/chain/readCommitment";
import { readDraw } from "@weft/chain/reads";
import { decode } from "@weft/gateway/jobs/JobRecord";
import { signNoun } from "@weft/protocol/Domain";
import * as Held from "@weft/protocol/Held";
import { protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Segment from "@weft/protocol/Segment";
import { keyOf, type SeededKey } from "@weft/testkit/seed";
import { startTestNetwork } from "@weft/testkit/TestNetwork";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import { decodeMessage, encodeMessage } from "@weft/transport/Wire";

const seed = 72;
const answers = {
  "job.open": streams["job.open"],
  "job.voucher": streams["job.voucher"],
  "job.unpaid": streams["job.unpaid"],
  "job.stop": streams["job.stop"],
};

test("receipts that are not what was done are refused with a code and pay nothing", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed, nodes: 4 });
  t.after(() => network.stop());
  const { file, client } = network.chain;
  const provider = network.node("node-1");
  const { operator } = provider.plan;
  const stranger = keyOf(seed, "stranger");
  const job = await network.buy({ program: { steps: 48, stepsPerSegment: 6 }, duration: "120s" });
  const { leaseId } = await job.until("lease");
  await job.until("paid");
  await network.kill(provider);
  const paidBefore = job.all("paid").at(-1)!;
  const honest = await readCommitment(client, { leaseId, segment: 0n, fromBlock: file.fromBlock });

  const receipt = async (
    changes: Partial<Segment.SegmentCommitment>,
    by: { key?: SeededKey; chainId?: number; holders?: Held.SignedHeld[] } = {},
  ): Promise<StreamMessage<"job.segment">> => {
    const commitment = { ...honest, ...changes };
    const on = { ...file, chainId: by.chainId ?? file.chainId };
    const signature = await signNoun(on, Segment.schema, commitment, (by.key ?? operator).signer);
    return { commitment, signature, checkpointBytes: 8056, holders: by.holders ?? [] };
  };
  // What a drawn holder signs, and what it does not.
  const { holders } = await readDraw(client, { leaseId, segment: 0n });
  const heldBy = async (
    by: { key?: SeededKey; chainId?: number; holder?: NodeId } = {},
  ): Promise<Held.SignedHeld[]> => {
    const holder = by.holder ?? holders[0]!;
    const held = { leaseId, segment: 0n, checkpoint: honest.checkpoint, holder };
    const on = { ...file, chainId: by.chainId ?? file.chainId };
    const key = by.key ?? network.node(holder).plan.operator;
    return [{ held, signature: await signNoun(on, Held.schema, held, key.signer) }];
  };
  const another = `0x${"11".repeat(32)}` as const;
  // Of segments that the job has not: another content for one that it has would be shown to the chain.
  const beyond = (segment: bigint): Partial<Segment.SegmentCommitment> => {
    const { segments } = decode(network.gateway().gateway.context.store.getJob(job.jobId)!.record);
    return { segment, firstStep: 6n * segment, lastStep: 47n, startRoot: segments.at(-1)!.endRoot };
  };
  const forged: [string, StreamMessage<"job.segment">][] = [
    ["segment.signer", await receipt({}, { key: stranger })],
    ["segment.signer", await receipt({}, { chainId: file.chainId + 1 })],
    ["segment.leaseId", await receipt({ leaseId: another })],
    ["segment.orderHash", await receipt({ ...beyond(200n), orderHash: another })],
    ["segment.startRoot", await receipt({ ...beyond(200n), startRoot: another })],
    ["segment.tokens", await receipt(beyond(200n))],
    ["segment.notOnChain", await receipt({ beaconRound: honest.beaconRound + 1n })],
    ["segment.unheld", await receipt({})],
    ["segment.unheld", await receipt({}, { holders: await heldBy({ key: stranger }) })],
    ["segment.unheld", await receipt({}, { holders: await heldBy({ chainId: file.chainId + 1 }) })],
    ["segment.unheld", await receipt({}, { holders: await heldBy({ holder: provider.nodeId }) })],
  ];

  // The rogue has the operator's key and speaks from its peer id, as a provider gone bad would.
  const transport = createMemoryTransport(network.hub, { privateKey: operator.secret, networkId: file.networkId });
  const told: string[] = [];
  let repeated: StreamMessage<"job.voucher"> | undefined;
  let over = false;
  transport.handle(protocols.job, async (channel) => {
    const open = await channel.receive();
    if (open === undefined || decodeMessage(answers, open).kind !== "job.open" || over) return;
    await channel.send(encodeMessage(streams, "job.accepted", { leaseId }));
    const ask = async (report: StreamMessage<"job.segment">) => {
      await channel.send(encodeMessage(streams, "job.segment", report));
      const bytes = await channel.receive();
      if (bytes === undefined) throw new Error("the gateway ended the session");
      return decodeMessage(answers, bytes);
    };
    for (const [, report] of forged) {
      const { kind, body } = await ask(report);
      told.push(kind === "job.unpaid" ? body.code : kind);
    }
    const answer = await ask(await receipt({}, { holders: await heldBy() }));
    told.push(answer.kind === "job.unpaid" ? answer.body.code : answer.kind);
    if (answer.kind === "job.voucher") repeated = answer.body;
    over = true;
  });
  await transport.connect(network.gateway().peerId!);
  await network.until("the gateway has answered everything", () => (over ? true : undefined));
  await transport.stop();

  t.diagnostic(told.join(", "));
  assert.deepEqual(
    told.slice(0, forged.length),
    forged.map(([code]) => code),
  );
  assert.equal(job.all("paid").at(-1)?.cumulative, paidBefore.cumulative, "nothing was paid for any of it");
  for (const [code] of forged)
    assert.ok(
      job.all("unpaid").some((event) => event.code === code),
      `${code} is told`,
    );
  // A receipt that was paid and comes again gets the very same promise, or is told that it is a replay.
  if (repeated === undefined) assert.equal(told.at(-1), "receipt.replay");
  else assert.ok(repeated.voucher.cumulative <= BigInt(paidBefore.cumulative));

  // The true provider comes back, and is paid for what it did.
  await network.restart(provider);
  const done = await job.done();
  assert.equal(job.all("lease").length, 1);
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "1600");
});
