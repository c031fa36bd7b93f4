// Two whole nodes over a real chain, real workers and an in-memory network; the test plays the buyer's gateway. One node
// works, the other holds its checkpoints; the worker's process dies between committing a segment and claiming its pay.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { abis } from "@weft/chain/Abis";
import { closeLease } from "@weft/chain/actions/closeLease";
import { deposit } from "@weft/chain/actions/deposit";
import { openLease } from "@weft/chain/actions/openLease";
import { accountOf, eventually, keyOf, patienceMs, wallClock } from "@weft/chain/chainFixture";
import { recover } from "@weft/chain/Keys";
import {
  fund,
  type NetworkFixture,
  networkFixture,
  provider,
  signedOrder,
  signedVoucher,
} from "@weft/chain/networkFixture";
import { balances } from "@weft/chain/reads";
import { courtProgramOf } from "@weft/compute/tensor/courtProgram";
import { openDispute } from "@weft/compute/tensor/openDispute";
import { replaySegment } from "@weft/compute/tensor/replaySegment";
import { createTensorRuntime } from "@weft/compute/tensor/TensorRuntime";
import { openBlobs } from "@weft/host/blobs/BlobStore";
import { digestOf } from "@weft/protocol/Domain";
import * as Held from "@weft/protocol/Held";
import * as JobDetails from "@weft/protocol/JobDetails";
import { gossip, protocols, type StreamMessage, streams, topics } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import * as Segment from "@weft/protocol/Segment";
import { createTrainProgram, encodeTrainProgram } from "@weft/tensor/train/Program";
import { trainPresets } from "@weft/tensor/train/presets";
import { createMemoryHub, type MemoryHub } from "@weft/transport/MemoryHub";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import { serveBlobs } from "@weft/transport/serveBlobs";
import type { Channel, Transport } from "@weft/transport/Transport";
import { decodeMessage, encodeMessage } from "@weft/transport/Wire";
import { pino } from "pino";
import { bytesToHex, hexToBytes, sha256 } from "viem";
import { openChain } from "./chain/openChain.ts";
import { type RunningNode, startNode } from "./startNode.ts";
import { closeStore, openStore } from "./store/Store.ts";

const log = pino({ level: process.env["WEFT_TEST_LOG"] ?? "silent" });
const price = 100n;

interface Host {
  node: RunningNode;
  transport: Transport;
  /** As a crash leaves it: nothing is told to anybody, everything on disk stays as it is. */
  drop(): Promise<void>;
}

async function host(network: NetworkFixture, hub: MemoryHub, who: { name: string; nodeId: NodeId }): Promise<Host> {
  const operatorKey = hexToBytes(keyOf(`${who.name} operator`));
  const home = join(network.folder, who.name);
  mkdirSync(home, { recursive: true });
  const { file } = network;
  const opened = await openChain({ file, home, operatorKey, nodeId: who.nodeId, clock: wallClock, log });
  await eventually(() => opened.chain.view()?.nodes.get(who.nodeId)?.pools.get(0n));
  const pool = opened.chain.view()!.nodes.get(who.nodeId)!.pools.get(0n)!;
  const plan = { poolId: 0n, class: pool.class, units: pool.capacity, attributes: pool.attributes };
  const transport = createMemoryTransport(hub, { privateKey: operatorKey, networkId: file.networkId });
  const store = openStore(join(home, "store.sqlite"));
  const runtime = createTensorRuntime({ folder: join(home, "runs") });
  const node = await startNode(
    {
      nodeId: who.nodeId,
      networkId: file.networkId,
      settings: { pools: [{ ...plan, pricePerUnitSecond: price, region: 0n }], offerIntervalSeconds: 1 },
    },
    {
      ...{ clock: wallClock, random: randomBytes, transport, log, chain: opened.chain, operator: opened.operator },
      ...{ runtime, replay: replaySegment, courtProgram: courtProgramOf, openDispute, store },
      blobs: openBlobs(join(home, "blobs")),
    },
  );
  const drop = async () => {
    hub.kill(transport.peerId);
    await node.stop();
    await runtime.close();
    await opened.close();
    closeStore(store);
    await transport.stop();
  };
  return { node, transport, drop };
}

/** The job of the test: three short segments of a tiny model on generated text. */
function jobOf() {
  const corpus = new TextEncoder().encode("the quick brown fox jumps over the lazy dog. ".repeat(200));
  const preset = { ...trainPresets.quick, batch: 1, totalSteps: 60, stepsPerSegment: 20 };
  const program = createTrainProgram(preset, { corpus, seed: new Uint8Array(32).fill(7) });
  const contentId = sha256(corpus);
  const details: JobDetails.Details = {
    kind: "train-lm",
    program: JSON.parse(encodeTrainProgram(program)) as JobDetails.Json,
    corpus: { contentId, bytes: corpus.length },
    name: "test",
    start: null,
    court: null,
  };
  const salts = JobDetails.saltsOf(bytesToHex(randomBytes(32)));
  return {
    ...{ corpus, contentId, program, jobCommitment: JobDetails.commit(details, salts) },
    details: JobDetails.fieldNames.map((field) => JobDetails.open(details, salts, field)),
  };
}

/** The next message that is no progress. */
async function next(channel: Channel) {
  for (;;) {
    const bytes = await channel.receive({ timeoutMs: patienceMs });
    if (bytes === undefined) throw new Error("the provider ended the session");
    const message = decodeMessage(streams, bytes);
    if (message.kind !== "job.progress") return message;
  }
}

test("a lease is worked, its worker dies before claiming, and every segment is paid exactly once", {
  timeout: 600_000,
}, async (t) => {
  const network = await networkFixture();
  const { client, file } = network;
  await fund(network, ["alice", "alice operator", "bob", "bob operator", "buyer", "matcher"]);
  const [alice, bob] = [await provider(network, "alice"), await provider(network, "bob")];
  const [buyer, session] = [accountOf("buyer"), accountOf("buyer session")];
  const asBuyer = network.senderOf(buyer);
  await asBuyer.send(await deposit(client, { owner: buyer, amount: 5_000_000n, id: "test" }));

  // The gateway: content, gossip, the buyer's signatures. It knows its peers from the start.
  const hub = createMemoryHub({ seed: 3 });
  const gateway = createMemoryTransport(hub, {
    privateKey: hexToBytes(keyOf("buyer session")),
    networkId: file.networkId,
  });
  const offers = new Map<NodeId, Offer.SignedOffer>();
  gateway.subscribe(topics(file.networkId).offers, (payload) => {
    const { offer, signature } = decodeMessage({ offer: gossip.offer }, payload).body;
    offers.set(offer.nodeId, { offer, signature });
    return "accept";
  });
  const job = jobOf();
  serveBlobs(gateway, protocols.blob, async (id) =>
    id === job.contentId
      ? { size: job.corpus.length, read: (at, length) => job.corpus.subarray(at, at + length) }
      : undefined,
  );

  let worker = await host(network, hub, { name: "alice", nodeId: alice });
  const holder = await host(network, hub, { name: "bob", nodeId: bob });
  t.after(async () => {
    await Promise.all([worker.drop().catch(() => {}), holder.drop().catch(() => {}), gateway.stop()]);
    await network.end();
  });
  const link = async () => {
    await gateway.connect(worker.transport.peerId);
    await gateway.connect(holder.transport.peerId);
    await worker.transport.connect(holder.transport.peerId);
  };
  await link();

  // A standing offer comes by gossip, signed by the node's operator; the buyer's order takes it.
  const offer = await eventually(() => offers.get(alice));
  assert.equal(
    recover({ digest: digestOf(client.network, Offer.schema, offer.offer), signature: offer.signature }),
    accountOf("alice operator").address,
  );
  const order = await signedOrder(network, "buyer", {
    jobCommitment: job.jobCommitment,
    durationSeconds: 600n,
    units: 1n,
  });
  const asMatcher = network.senderOf(accountOf("matcher"));
  // A provider has twenty seconds to start; they must not pass because this machine is slow.
  await network.freeze();
  await asMatcher.send(openLease(client, { offer, order }));
  const leaseId = Order.leaseId(Order.hash(order.order), Offer.hash(offer.offer), 0);

  /** A node whose view of the chain is behind by more than it waits says so, and is dialled again. */
  const dial = async () => {
    for (const until = Date.now() + patienceMs; ; ) {
      const opened = await tryDial();
      if (opened !== undefined) return opened;
      assert.ok(Date.now() < until, "the job is accepted");
    }
  };
  const tryDial = async () => {
    const channel = await gateway.open(worker.transport.peerId, protocols.job);
    const open: StreamMessage<"job.open"> = {
      ...{ leaseId, order: order.order, details: job.details },
      corpus: { contentId: job.contentId, bytes: job.corpus.length },
      gateway: { peerId: gateway.peerId, addresses: [] },
    };
    await channel.send(encodeMessage(streams, "job.open", open));
    const answer = await next(channel);
    if (answer.kind === "refused" && answer.body.retryable) return undefined;
    assert.equal(answer.kind, "job.accepted");
    return channel;
  };
  const report = async (channel: Channel) => {
    const message = await next(channel);
    if (message.kind !== "job.segment") throw new Error(`${message.kind} ${JSON.stringify(message.body)}`);
    const { commitment, signature, holders } = message.body;
    const signer = recover({ digest: digestOf(client.network, Segment.schema, commitment), signature });
    assert.equal(signer, accountOf("alice operator").address);
    assert.ok(holders.length > 0, "a drawn holder signed");
    for (const { held, signature: by } of holders) {
      assert.equal(held.holder, bob);
      assert.equal(
        recover({ digest: digestOf(client.network, Held.schema, held), signature: by }),
        accountOf("bob operator").address,
      );
    }
    return commitment;
  };
  const promise = async (channel: Channel, cumulative: bigint) =>
    channel.send(
      encodeMessage(
        streams,
        "job.voucher",
        await signedVoucher(network, session, { channelId: leaseId, payee: alice, cumulative }),
      ),
    );

  // The first segment is on chain and held, its voucher not yet given, when the worker's process is gone.
  const before = await dial();
  await eventually(() => (worker.node.status().leases[0]?.state === "running" ? true : undefined));
  // A round of the beacon is a second long, too, and has to have its reveals.
  const paced = network.pace();
  const first = await report(before);
  assert.equal(first.segment, 0n);
  await worker.drop();
  assert.ok(existsSync(join(network.folder, "bob", "blobs")));
  worker = await host(network, hub, { name: "alice", nodeId: alice });
  await link();

  // Dialled again it sends the same commitment again, then the rest, each once it is held.
  const channel = await dial();
  const seen: Segment.SegmentCommitment[] = [];
  for (let segment = 0n; segment < 3n; segment++) {
    seen.push(await report(channel));
    await promise(channel, 1000n * (segment + 1n));
  }
  assert.equal(
    Segment.hash(seen[0] as Segment.SegmentCommitment),
    Segment.hash(first),
    "the same signature, no second one",
  );
  assert.deepEqual(
    seen.map(({ segment }) => segment),
    [0n, 1n, 2n],
  );
  const end = await next(channel);
  assert.equal(end.kind, "job.done");
  await channel.close();
  // The window for last claims is a second long: it must not close because this machine is slow.
  await network.freeze();
  await paced;
  await asBuyer.send(closeLease(client, { leaseId, reason: "completed" }));

  // Claimed, and once more down before the money has matured: the claim is not made twice. What is unclaimed for longer
  // than a release delay is claimed before the end, so there may be earlier claims, and earlier releases, on a slow machine.
  const claimed = await eventually(async () => {
    const events = await client.rpc.getContractEvents({
      ...{
        address: file.contracts.channels,
        abi: abis.channels,
        eventName: "Claimed",
      },
      fromBlock: file.fromBlock,
    });
    return events.at(-1)?.args.claimed === 3000n ? events : undefined;
  });
  assert.equal(
    claimed.reduce((sum, { args }) => sum + (args.added ?? 0n), 0n),
    3000n,
  );
  await worker.drop();
  worker = await host(network, hub, { name: "alice", nodeId: alice });
  await network.pass(30);
  const paid = await eventually(async () => {
    const { earned } = await balances(client, accountOf("alice").address);
    return earned >= 3000n ? earned : undefined;
  });
  assert.equal(paid, 3000n);
  const commits = await client.rpc.getContractEvents({
    ...{
      address: file.contracts.audits,
      abi: abis.audits,
      eventName: "SegmentCommitted",
    },
    fromBlock: file.fromBlock,
  });
  assert.deepEqual(
    commits.map(({ args }) => args.segment),
    [0, 1, 2],
  );
  await eventually(() => (worker.node.status().leases.length === 0 ? true : undefined));
});
