// Slashed stake is burnt by one node, once a day, when it is worth the gas.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WeftError } from "@weft/protocol/Errors";
import type { NodeId } from "@weft/protocol/NodeId";
import { presets } from "@weft/protocol/Params";
import { BurnDuty } from "./BurnDuty.ts";
import { burnDay, leastBurnt } from "./decideBurn.ts";

const nodeId: NodeId = `0x${"11".repeat(20)}`;
const other: NodeId = `0x${"42".repeat(20)}`;
const silent = { info: () => {}, debug: () => {} } as never;
const day = 86_400n;
const { standard } = presets;

/** A chain with slashed stake, and two nodes that look after it. */
function world(unburnt: bigint) {
  const chain = {
    ...{ at: 10n * day, unburnt, burntAt: -day, looks: 0, burnt: [] as bigint[], away: false },
    params: standard,
    now: () => chain.at,
    slashed: async ({ within }: { within: number }) => {
      chain.looks += 1;
      if (chain.away) throw new WeftError("away", { code: "chain.unreachable", fault: "network", retryable: true });
      return { unburnt: chain.unburnt, burntLately: chain.at - chain.burntAt < BigInt(within) };
    },
    burnSlashed: async (id: bigint) => {
      if (chain.unburnt === 0n) throw new WeftError("refused", { code: "registry.ZeroAmount" });
      chain.burnt.push(id);
      chain.burntAt = chain.at;
      chain.unburnt = 0n;
      return { hash: "0x", blockNumber: 1n, gasUsed: 50_000n } as const;
    },
  };
  const duties = [nodeId, other].map((id) => new BurnDuty({ chain, nodeId: id, log: silent }));
  const pass = async (seconds: bigint) => {
    for (const end = chain.at + seconds; chain.at < end; chain.at += 600n) for (const duty of duties) await duty.step();
  };
  return { chain, pass };
}

test("one of all nodes burns, once a day, and each looks once a day", async () => {
  const { chain, pass } = world(leastBurnt(standard));
  await pass(day + 600n);
  assert.equal(chain.burnt.length, 1);
  assert.equal(chain.looks, 2);
  // More within the day waits for the next.
  chain.unburnt = leastBurnt(standard);
  await pass(3n * day);
  assert.equal(chain.burnt.length, 2);
  assert.equal(chain.looks, 8);
});

test("what is worth less than its gas stays", async () => {
  const { chain, pass } = world(leastBurnt(standard) - 1n);
  await pass(3n * day);
  assert.deepEqual(chain.burnt, []);
});

test("a chain that is away, or somebody who was quicker, is no failure", async () => {
  const { chain, pass } = world(leastBurnt(standard));
  chain.away = true;
  await pass(2n * day);
  assert.deepEqual(chain.burnt, []);
  chain.away = false;
  const { slashed } = chain;
  chain.slashed = async (query) => {
    const found = await slashed(query);
    chain.unburnt = 0n;
    return found;
  };
  await pass(day);
  assert.deepEqual(chain.burnt, []);
});

test("days of nodes begin at seconds that follow from their ids", () => {
  const begins = (id: NodeId) =>
    [...Array(24).keys()].find((h) => burnDay(id, 10n * day + BigInt(h) * 3600n) > burnDay(id, 10n * day));
  assert.notEqual(begins(nodeId), begins(other));
});
