// When an idle provider is dealt with, and which nodes are asked for their word.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeView } from "@weft/market/MarketView";
import type { NodeId } from "@weft/protocol/NodeId";
import { presets } from "@weft/protocol/Params";
import type { GatewayContext } from "../GatewayContext.ts";
import { inputsHolders } from "./askInputs.ts";
import type { JobRecord, LeaseRecord } from "./JobRecord.ts";
import { startStep, untilUnstarted } from "./untilUnstarted.ts";

const step = (now: bigint, facts: Partial<Parameters<typeof startStep>[0]> = {}, refused = false) =>
  startStep({ state: "open", openedAt: 1000n, readyAt: 0n, ...facts }, { now, deadline: 60n, refused });

test("an honest start is waited for; then the inputs are proven, early enough to be mined; then it is cancelled", () => {
  assert.equal(step(1014n), "wait");
  assert.equal(step(1015n), "prove");
  assert.equal(step(1045n), "prove");
  assert.equal(step(1046n), "giveUp");
  assert.equal(step(1001n, {}, true), "prove", "a provider that refused is not waited for");
});

test("with the inputs proven the deadline runs anew and then ends the lease", () => {
  const proven = { state: "inputsReady", readyAt: 1030n } as const;
  assert.equal(step(1090n, proven), "wait");
  assert.equal(step(1091n, proven), "close");
  for (const state of ["running", "closing", "settled"] as const) assert.equal(step(1091n, { state }), "over");
});

test("asked are staked nodes of neither party, each lease in its own order", () => {
  const params = presets.minimal;
  const id = (n: number): NodeId => `0x${n.toString(16).padStart(40, "0")}`;
  const owner = (n: number) => `0x${n.toString(16).padStart(40, "f")}` as const;
  const node = (n: number, stake = params.minStake) =>
    [id(n), { owner: owner(n), operator: owner(n), stake, bondFree: 0n, minSeq: new Map(), pools: new Map() }] as const;
  const sibling: NodeView = { ...node(2)[1], owner: owner(1) };
  const nodes = new Map<NodeId, NodeView>([node(1), [id(2), sibling], node(3), node(4, 0n), node(5), node(6), node(7)]);
  const ask = (n: number) =>
    inputsHolders(
      { nodes, params },
      { leaseId: `0x${n.toString(16).padStart(64, "0")}`, provider: id(1), buyer: owner(3) },
    );
  assert.deepEqual([...ask(1)].sort(), [id(5), id(6), id(7)]);
  const firsts = new Set(Array.from({ length: 32 }, (_, n) => ask(n)[0]));
  assert.equal(firsts.size, 3);
});

test("a gateway that comes back with old facts looks at the chain's head before it does anything", async () => {
  const leaseId = `0x${"01".repeat(32)}` as const;
  let state: "open" | "running" = "open";
  const acted: string[] = [];
  const chain = {
    params: presets.minimal,
    now: () => 9_999n,
    lease: () => ({ state, openedAt: 1000n, readyAt: 0n }),
    caughtUp: async () => {
      state = "running";
    },
    view: () => acted.push("asked"),
    closeUnstarted: () => acted.push("closed"),
  };
  const clock = { now: () => 0, sleep: async () => {} };
  const ended = await untilUnstarted({ chain, clock } as unknown as GatewayContext, {
    ...{ record: {} as JobRecord, lease: { leaseId } as LeaseRecord, refused: () => false },
    signal: new AbortController().signal,
  });
  assert.equal(ended, "over");
  assert.deepEqual(acted, []);
});
