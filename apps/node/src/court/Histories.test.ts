import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dispute, DisputeOptions } from "@weft/compute/tensor/openDispute";
import { WeftError } from "@weft/protocol/Errors";
import { historyRoot } from "@weft/tensor/HashLayout";
import type { CourtStruct } from "@weft/verification/court/Move";
import { rootOf } from "@weft/verification/court/ownTrees";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { type Crowd, playCrowd } from "./crowdedCourt.fixture.ts";
import { Histories } from "./Histories.ts";

/** Workers as they were opened, and which have ended; one whose program can't be made fails. */
function workers(limit: number) {
  const open: string[] = [];
  const ended: string[] = [];
  const port = ({ corpusPath: name }: DisputeOptions): Dispute => {
    open.push(name);
    const failure = new WeftError("memory", { code: "runtime.memory" });
    return {
      oracle: { firstNan: async () => undefined } as Dispute["oracle"],
      program: () => (name === "bad" ? Promise.reject(failure) : Promise.resolve({} as CourtStruct)),
      close: async () => void ended.push(name),
    };
  };
  const histories = new Histories(port, { limit, now: () => 0, margin: 0 });
  const acquire = async (name: string, until = 0) => {
    const options = async () => ({ corpusPath: name }) as DisputeOptions;
    const held = await histories.acquire(name, { options, until });
    // What no answer of before tells.
    await held.history.oracle.firstNan();
    return held;
  };
  return { histories, open, ended, acquire };
}

const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const stepRoots = [1, 2, 3].map(hash);

/** A segment of steps 4 to 6, whose worker says what it is asked. */
function recalling() {
  const asked: string[] = [];
  let count = 0;
  const oracle: TraceOracle = {
    after: async (step) => {
      asked.push(`after ${step}`);
      return { loss: step, state: hash(step) };
    },
    leaves: async (tree, first, count) => {
      asked.push(`leaves of ${tree.of}`);
      return tree.of === "steps" ? stepRoots : Array.from({ length: count }, (_, i) => hash(first + i));
    },
    ...{ nodes: never, path: never, firstNan: never },
  };
  const program = { stepsPerSegment: 4n, totalSteps: 7n, values: 5n, entries: 2n, inputs: 2n } as CourtStruct;
  const port = (): Dispute => {
    count++;
    return { oracle, program: async () => program, close: async () => {} };
  };
  const histories = new Histories(port, { limit: 1, now: () => 0, margin: 0 });
  return { histories, asked, opened: () => count };
}

const options = async () => ({ program: { stepsPerSegment: 4 }, segment: 1 }) as DisputeOptions;
const never = () => Promise.reject(new Error("asked for what is known"));

/** Everything that can happen without anybody's doing has. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a history stays open between looks", async () => {
  const { open, ended, acquire } = workers(2);
  (await acquire("a")).release();
  (await acquire("a")).release();
  assert.deepEqual([open, ended], [["a"], []]);
  await Promise.all([acquire("b"), acquire("b")]);
  assert.deepEqual(open, ["a", "b"]);
});

test("where a replay takes no time an idle history gives way; one in use never does", async () => {
  const { open, ended, acquire, histories } = workers(2);
  const a = await acquire("a");
  (await acquire("b")).release();
  const c = await acquire("c");
  assert.deepEqual([open, ended], [["a", "b", "c"], ["b"]]);
  const d = acquire("d");
  await settled();
  assert.deepEqual([open, histories.waiting], [["a", "b", "c"], 1]);
  a.release();
  a.release();
  (await d).release();
  assert.deepEqual([ended, histories.waiting], [["b", "a"], 0]);
  c.release();
});

test("of those that wait the one whose clock ends first is next, whoever came first", async () => {
  const { open, acquire, histories } = workers(1);
  const first = await acquire("a", 1);
  const order: string[] = [];
  const later = [40, 10, 30, 20].map(async (until) => {
    const held = await acquire(`until ${until}`, until);
    order.push(open.at(-1)!);
    await settled();
    assert.equal(histories.size, 1);
    held.release();
  });
  await settled();
  first.release();
  await Promise.all(later);
  assert.deepEqual(order, ["until 10", "until 20", "until 30", "until 40"]);
});

test("more disputes than workers all get theirs, and none loses it while it is in use", async () => {
  const { acquire, ended, histories } = workers(2);
  const inUse = new Set<string>();
  const play = async (name: string) => {
    for (let move = 0; move < 5; move++) {
      const held = await acquire(name, move);
      inUse.add(name);
      const before = ended.length;
      await settled();
      assert.ok(!ended.slice(before).some((one) => inUse.has(one)));
      inUse.delete(name);
      held.release();
    }
  };
  await Promise.all(["a", "b", "c", "d", "e", "f"].map(play));
  assert.equal(histories.waiting, 0);
});

test("who waited too long is told so, and leaves the queue to the others", async () => {
  const { acquire, histories } = workers(1);
  const a = await acquire("a", 5);
  const late = acquire("late", 10);
  const b = acquire("b", 20);
  await settled();
  histories.letGo(({ until }) => until < 15);
  await assert.rejects(late, { code: "court.workers", retryable: true });
  a.release();
  (await b).release();
});

test("one that fails is told to whoever asks, and nothing is opened after the end", async () => {
  const { histories, ended, acquire } = workers(1);
  await assert.rejects(acquire("bad"), { code: "runtime.memory" });
  const a = await acquire("a");
  assert.deepEqual(ended, ["bad"]);
  const waits = assert.rejects(acquire("b"), { code: "node.stopping" });
  await settled();
  await histories.stop();
  await waits;
  a.release();
  assert.deepEqual(ended, ["bad", "a"]);
  await assert.rejects(acquire("b"), { code: "node.stopping" });
});

/** Two workers, ten moves a side, the clocks of preset `standard`; every move needs the history. */
const crowd = (games: number, replayMinutes: number, answers = 5): Crowd => {
  return { games, answers, replay: 60 * replayMinutes, workers: 2, moves: 10 };
};

test("a history that ended is opened again only for what it wasn't asked before", async () => {
  const { histories, opened } = recalling();
  const look = async () => {
    const held = await histories.acquire("game", { options, until: 0 });
    const { oracle, program } = held.history;
    const root = await rootOf(oracle, { of: "steps" }, 3);
    const path = await oracle.path({ of: "steps" }, 2);
    const values = await oracle.leaves({ of: "values", step: 5 }, 1, 2);
    const said = { program, root, path, values, after: await oracle.after(6) };
    held.release();
    return said;
  };
  const first = await look();
  assert.equal(first.root, bytesToHex(historyRoot(stepRoots.map((root) => hexToBytes(root)))));
  await histories.close("game");
  assert.deepEqual([await look(), opened()], [first, 1]);
  const held = await histories.acquire("game", { options, until: 0 });
  assert.equal(opened(), 1);
  await held.history.oracle.leaves({ of: "leaves", step: 5, value: 1 }, 0, 1);
  assert.equal(opened(), 2);
  held.release();
  await histories.close("game");
  histories.forget("game");
  await look();
  assert.equal(opened(), 3);
});

test("step roots that an audit made are not made again to name the rival", async () => {
  const { histories, asked } = recalling();
  histories.teach("game", stepRoots);
  const held = await histories.acquire("game", { options, until: 0 });
  await rootOf(held.history.oracle, { of: "steps" }, 3);
  assert.deepEqual(asked, []);
  await held.history.oracle.after(5);
  assert.deepEqual(asked, ["after 4", "after 5", "after 6"]);
});

test("more games than workers against rivals that answer at once: one replay a game, and none is lost", async () => {
  for (const at of [
    crowd(3, 1),
    crowd(128, 1),
    crowd(16, 5),
    crowd(64, 5),
    crowd(8, 10),
    crowd(32, 10),
    crowd(8, 30),
  ]) {
    const { lost, replays } = await playCrowd(at);
    assert.deepEqual({ ...at, lost, replays }, { ...at, lost: 0, replays: at.games });
  }
});

test("rivals that take longer than a replay don't keep a worker idle", async () => {
  for (const at of [crowd(32, 1, 240), crowd(64, 1, 1800), crowd(16, 5, 1800), crowd(8, 10, 1800)]) {
    const { lost, hours } = await playCrowd(at);
    assert.deepEqual({ ...at, lost }, { ...at, lost: 0 });
    // All rivals take their time at once, not one after the other.
    assert.ok(hours < (at.moves * at.answers) / 3600 + (at.games * at.moves * (at.replay + 2)) / 2 / 3600 + 0.1);
  }
});

test("more games than can be: those that began are won, as many as a clock has room for", async () => {
  const { lost, replays } = await playCrowd(crowd(32, 30));
  // Four hours and the inclusion delay, half an hour and 70 s each, two workers; the last one is begun with its move in time.
  assert.deepEqual({ lost, replays }, { lost: 18, replays: 16 });
});
