// Disputes told to the buyer: each event once, in the job's own numbers, also after a restart; nothing is asked while there is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DisputeState } from "@weft/chain/Snapshot";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import type { JobEvent } from "@weft/protocol/JobEvent";
import type { Hex } from "viem";
import { followDisputes } from "./followDisputes.ts";
import type { LeaseRecord } from "./JobRecord.ts";

const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const account = (n: number): Hex => `0x${n.toString(16).padStart(40, "0")}`;
const leases = [{ leaseId: hash(1), firstSegment: 6 }] as LeaseRecord[];
const common = { game: account(9), time: 100, gas: 50_000 };
const challenged: DisputeEvent = {
  ...{ kind: "challenged", ...common, transaction: hash(11), commitment: hash(2), leaseId: hash(1), segment: 3 },
  ...{ ground: "history", nodeId: account(1), sponsor: account(2), bond: "900", clockSeconds: 45 },
};
const move: DisputeEvent = { kind: "move", ...common, transaction: hash(12), side: "defender", call: "reveal" };
const verdict: DisputeEvent = {
  ...{ kind: "verdict", ...common, transaction: hash(13), winner: "rival", level: "leaves", silent: false, moves: 2 },
  gasOf: { defender: 50_000, rival: 100_000 },
};

/** A gateway over a chain whose log and snapshot a test fills. */
function gateway() {
  const kept: JobEvent[] = [];
  const world = { events: [] as DisputeEvent[], disputes: [] as Partial<DisputeState>[], asked: 0, away: false };
  let listener = () => {};
  const context = {
    chain: {
      onChange: (told: () => void) => {
        listener = told;
        return () => {};
      },
      disputes: () => world.disputes,
      disputeEvents: async () => {
        world.asked += 1;
        if (world.away) throw new Error("away");
        return world.events;
      },
    },
    store: { eventsFrom: (_: string, from: number) => kept.filter(({ seq }) => seq >= from) },
    emit: (_: string, kind: string, body: object) =>
      void kept.push({ seq: kept.length + 1, at: 0, kind, ...body } as unknown as JobEvent),
    log: { debug: () => {}, error: () => {} },
  } as never;
  const start = () => followDisputes(context, { jobId: "job-1", leases: () => leases });
  const block = async () => {
    listener();
    for (let turn = 0; turn < 5; turn++) await new Promise((wake) => setImmediate(wake));
  };
  return { world, kept, start, block };
}

const live = (live: Hex | undefined, more: Partial<DisputeState> = {}) => [
  { commitmentHash: hash(2), leaseId: hash(1), segment: 3, rivals: [], live, ...more } as Partial<DisputeState>,
];
const kindsOf = (events: readonly JobEvent[]) => events.map(({ kind }) => kind).join(" ");

test("each event is told once, while the game goes on and after it; then nothing is asked any more", async () => {
  const { world, kept, start, block } = gateway();
  start();
  await block();
  assert.equal(world.asked, 0, "no dispute, no question");
  world.disputes = live(account(9));
  world.events = [challenged, move];
  await block();
  await block();
  assert.equal(kindsOf(kept), "challenged move");
  assert.equal((kept[0] as { segment?: number }).segment, 9, "the job's number");
  world.away = true;
  await block();
  world.away = false;
  world.events = [challenged, move, verdict];
  world.disputes = live(undefined, { eliminated: { sponsor: account(2), ground: "history", at: 1n } });
  await block();
  assert.equal(kindsOf(kept), "challenged move verdict");
  const { asked } = world;
  await block();
  assert.equal(world.asked, asked);
});

test("a gateway that starts again tells only what it had not told", async () => {
  const { world, kept, start, block } = gateway();
  world.disputes = live(account(9));
  world.events = [challenged, move];
  start();
  await block();
  start();
  world.events = [challenged, move, verdict];
  await block();
  assert.equal(kindsOf(kept), "challenged move verdict");
});
