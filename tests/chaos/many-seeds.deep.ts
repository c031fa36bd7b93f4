// Random trouble from a seed: slow and lossy gossip, providers and the gateway dying and coming back at random times.
// Whatever happens, the job ends with the right bits, every segment is paid at most once, and money is conserved.
// Runs the kept seeds and a few fresh ones; a fresh one that fails is printed, to be kept in seeds.json.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { drawBelow } from "@weft/testkit/seed";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";

const kept = (JSON.parse(readFileSync(new URL("./seeds.json", import.meta.url), "utf8")) as { seeds: number[] }).seeds;
const fresh = Array.from({ length: 3 }, () => randomInt(1_000_000));
const program = { steps: 60, stepsPerSegment: 6 };

/** Up to three deaths, at least a few seconds apart; never more than two providers down at once. */
async function trouble(network: TestNetwork, over: AbortSignal): Promise<string[]> {
  const said: string[] = [];
  for (let round = 0; round < 3 && !over.aborted; round++) {
    await network.pass(3 + drawBelow(network.random, 8));
    if (over.aborted) break;
    const hosts = [...network.nodes, network.gateway()];
    const victim = hosts[drawBelow(network.random, hosts.length)]!;
    said.push(`${victim.name} killed`);
    await network.kill(victim);
    await network.pass(1 + drawBelow(network.random, 6));
    await network.restart(victim);
  }
  return said;
}

for (const seed of [...kept, ...fresh])
  test(`seed ${seed}`, { timeout: 1_800_000 }, async (t) => {
    const faults = { delayMs: [0, 120] as const, drop: 0.1, duplicate: 0.1 };
    const network = await startTestNetwork({ seed, nodes: 5, faults });
    t.after(() => network.stop());
    const job = await network.buy({ program, duration: "240s" });
    await job.until("lease");
    const over = new AbortController();
    const troubled = trouble(network, over.signal);
    const done = await job.done().finally(() => over.abort());
    t.diagnostic((await troubled).join(", "));
    assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
    const paid = job.all("paid").map(({ segment }) => segment);
    assert.deepEqual(
      paid,
      [...new Set(paid)].sort((a, b) => a - b),
      job.story(),
    );
    await network.conservation();
  });
