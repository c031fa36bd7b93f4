// kill -9 of real processes, one after another, on one network: the provider at work, the gateway between vouchers, the
// chain itself. Each job ends, nobody is paid twice, money is conserved.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { JobEvent, JobEventKind } from "@weft/protocol/JobEvent";
import { tinyCorpus } from "@weft/tensor/train/tinyTrainProgram";
import { type ProcessNetwork, startProcessNetwork } from "@weft/testkit/ProcessNetwork";

const limit = { timeout: 600_000 };
const corpus = Buffer.concat(Array.from({ length: 40 }, () => tinyCorpus));
const segments = 6;
const stepsPerSegment = 50;
let network: ProcessNetwork;

before(
  async () => {
    network = await startProcessNetwork({ nodes: 4 });
  },
  { timeout: 600_000 },
);
after(() => network?.stop(), { timeout: 300_000 });

/** About a second a segment on one thread of this kind of machine. */
const jobFile = (name: string) => ({
  ...{ name, kind: "train-lm", duration: "600s", auctionMs: 4000 },
  program: { preset: "quick", steps: stepsPerSegment * segments, stepsPerSegment },
});

type EventOf<K extends JobEventKind> = Extract<JobEvent, { kind: K }>;
const all = <K extends JobEventKind>(events: JobEvent[], kind: K) =>
  events.filter((event): event is EventOf<K> => event.kind === kind);
const told = (events: JobEvent[]): string =>
  events
    .filter(({ kind }) => kind !== "progress" && kind !== "sample")
    .map((event) => JSON.stringify(event).slice(0, 200))
    .join("\n");

/** Follows a job to its end; `onPaid` is called once, when segment 2 was paid. */
async function buyAndDisturb(name: string, onPaid: (events: JobEvent[]) => Promise<void>): Promise<JobEvent[]> {
  const jobId = await network.buy(jobFile(name), corpus);
  const events: JobEvent[] = [];
  let disturbed: Promise<void> | undefined;
  for await (const event of network.follow(jobId)) {
    events.push(event);
    if (event.kind === "paid" && event.segment === 2) disturbed ??= onPaid(events);
  }
  await disturbed;
  assert.equal(events.at(-1)?.kind, "done", told(events));
  return events;
}

/** Every segment was paid exactly once, and the chain paid providers no more than their vouchers say. */
async function assertPaidOnce(events: JobEvent[]): Promise<void> {
  assert.deepEqual(
    all(events, "paid").map(({ segment }) => segment),
    Array.from({ length: segments }, (_, segment) => segment),
    told(events),
  );
  for (const { leaseId, nodeId } of all(events, "lease")) {
    const vouchers = all(events, "paid").filter((paid) => paid.nodeId === nodeId);
    const lease = network.snapshot.leases.get(leaseId)!;
    assert.equal(lease.state, "settled");
    const promised = BigInt(vouchers.at(-1)?.cumulative ?? "0");
    assert.ok(lease.channel.released <= promised, `${lease.channel.released} released, ${promised} promised`);
  }
  await network.conservation();
}

test(
  "gateway and provider killed -9 between voucher and claim: both go on, the claim is made once",
  limit,
  async () => {
    const events = await buyAndDisturb("voucher", async (sofar) => {
      const { name } = network.machine(all(sofar, "lease").at(-1)!.nodeId);
      await Promise.all([network.killGateway(), network.killNode(name)]);
      // The node first: how long the gateway waits for it is counted from the gateway's own start.
      await network.startNode(name);
      await network.startGateway();
    });
    assert.equal(all(events, "lease").length, 1, told(events));
    await assertPaidOnce(events);
  },
);

test("chain killed -9: it may lose its last blocks, the job loses nothing", limit, async (t) => {
  const events = await buyAndDisturb("chain", async () => {
    const { lostBlocks } = await network.crashChain();
    t.diagnostic(`the chain came back ${lostBlocks} blocks older`);
  });
  assert.equal(all(events, "lease").length, 1, told(events));
  await assertPaidOnce(events);
});

test("working provider killed -9: the job ends elsewhere, the buyer loses one interval at most", limit, async () => {
  let killed = "";
  const events = await buyAndDisturb("provider", async (sofar) => {
    killed = all(sofar, "lease").at(-1)!.nodeId;
    await network.killNode(network.machine(killed).name);
  });
  const [moved] = all(events, "failover");
  assert.equal(moved?.fromNode, killed);
  assert.ok(moved!.fromStep >= 3 * stepsPerSegment, "work that was paid is not done again");
  assert.equal(all(events, "lease").length, 2, told(events));
  await assertPaidOnce(events);
});
