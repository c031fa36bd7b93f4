// kill -9 of real node processes in the middle of a game of the court: the provider that defends a false segment, then the auditor
// that challenged it. Each comes back with its disk alone, looks at the chain, replays and plays on; the game ends by a proof.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readGameLog } from "@weft/chain/courtReads";
import * as NetworkFile from "@weft/chain/NetworkFile";
import type { JobEvent } from "@weft/protocol/JobEvent";
import { tinyCorpus } from "@weft/tensor/train/tinyTrainProgram";
import { startProcessNetwork } from "@weft/testkit/ProcessNetwork";

const stepsPerSegment = 25;
/** So many that one is drawn: none of them by one chance in two thousand. */
const segments = 21;
const corpus = Buffer.concat(Array.from({ length: 40 }, () => tinyCorpus));
const place = { tensor: "model.layers.0.mlp.up_proj.weight", index: 1234, bit: 5 };

test("provider and challenger killed -9, one after the other, in the middle of their game: both play it to its end", {
  timeout: 1_200_000,
}, async (t) => {
  const liar = "node-1";
  const network = await startProcessNetwork({
    ...{ nodes: 5, preset: "local" },
    corrupt: { [liar]: { step: 5, everySteps: stepsPerSegment, ...place } },
  });
  t.after(() => network.stop(), { timeout: 300_000 });
  const { fromBlock } = network.file;
  const client = NetworkFile.clientOf(network.file);
  const events: JobEvent[] = [];
  const jobId = await network.buy(
    {
      ...{ name: "court", kind: "train-lm", duration: "900s", auctionMs: 4000 },
      program: { preset: "quick", steps: stepsPerSegment * segments, stepsPerSegment },
    },
    corpus,
  );
  const followed = (async () => {
    for await (const event of network.follow(jobId)) events.push(event);
  })();
  const patienceMs = 600_000;
  const entriesOf = async (game: `0x${string}`) => (await readGameLog(client, { game, fromBlock })).entries;

  const { live, rivals, commitmentHash } = await network.until(
    "a game is played",
    () => [...network.snapshot.disputes.values()].find(({ live }) => live !== undefined),
    patienceMs,
  );
  const game = live!;
  const { sponsor } = rivals.find((rival) => rival.game === game)!;
  const challenger = network.machines.find(({ keys }) => keys.operator.signer.address.toLowerCase() === sponsor)!.name;
  /** Kills and starts again once so many moves are made; the game isn't over then. */
  const killAfter = async (name: string, moves: number): Promise<number> => {
    const made = await network.until(
      `${moves} moves are made`,
      async () => {
        const entries = await entriesOf(game);
        return entries.length > moves ? entries : undefined;
      },
      patienceMs,
    );
    await network.killNode(name);
    const { length } = await entriesOf(game);
    assert.notEqual(made.at(-1)!.event.eventName, "GameEnded");
    await network.startNode(name);
    return length;
  };
  const before = [await killAfter(liar, 1), await killAfter(challenger, 4)];
  const { ground } = await network.until(
    "the commitment is eliminated",
    () => network.snapshot.disputes.get(commitmentHash)?.eliminated,
    patienceMs,
  );
  const entries = await entriesOf(game);
  // An earlier segment of the lease, which is looked at as soon as one was found false, may fall first: then this game needs no end.
  if (ground === "convicted") assert.ok(entries.length > before.at(-1)!, "nobody went on after the second kill");
  else {
    const { eventName, args } = entries.at(-1)!.event;
    assert.equal(eventName, "GameEnded");
    assert.deepEqual({ ...args, level: 0 }, { game, outcome: 2, level: 0, silent: false });
  }
  t.diagnostic(`${entries.length} events; killed after ${before.join(" and ")}`);
  await followed;
  assert.equal(events.at(-1)?.kind, "done", JSON.stringify(events.at(-1)));
  await network.conservation();
});
