import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dispute, DisputeOptions } from "@weft/compute/tensor/openDispute";
import { WeftError } from "@weft/protocol/Errors";
import type { CourtStruct } from "@weft/verification/court/Move";
import { Histories } from "./Histories.ts";

/** Workers as they were opened, and which have ended; one whose program can't be made fails. */
function workers(limit: number) {
  const open: string[] = [];
  const ended: string[] = [];
  const port = ({ corpusPath: name }: DisputeOptions): Dispute => {
    open.push(name);
    const failure = new WeftError("memory", { code: "runtime.memory" });
    return {
      oracle: {} as Dispute["oracle"],
      program: () => (name === "bad" ? Promise.reject(failure) : Promise.resolve({} as CourtStruct)),
      close: async () => void ended.push(name),
    };
  };
  const histories = new Histories(port, limit);
  const acquire = (name: string) => histories.acquire(name, async () => ({ corpusPath: name }) as DisputeOptions);
  return { histories, open, ended, acquire };
}

test("a history stays open between looks", async () => {
  const { open, ended, acquire } = workers(2);
  (await acquire("a")).release();
  (await acquire("a")).release();
  assert.deepEqual([open, ended], [["a"], []]);
  const both = await Promise.all([acquire("b"), acquire("b")]);
  assert.equal(both[0].history.oracle, both[1].history.oracle);
  assert.deepEqual(open, ["a", "b"]);
});

test("the least used history gives way; one in use never does", async () => {
  const { open, ended, acquire } = workers(2);
  const a = await acquire("a");
  (await acquire("b")).release();
  (await acquire("c")).release();
  assert.deepEqual([open, ended], [["a", "b", "c"], ["b"]]);
  const c = await acquire("c");
  await assert.rejects(acquire("d"), { code: "court.workers", retryable: true });
  a.release();
  a.release();
  (await acquire("d")).release();
  assert.deepEqual(ended, ["b", "a"]);
  c.release();
});

test("one that fails is told to whoever asks, and nothing is opened after the end", async () => {
  const { histories, ended, acquire } = workers(1);
  await assert.rejects(acquire("bad"), { code: "runtime.memory" });
  (await acquire("a")).release();
  assert.deepEqual(ended, ["bad"]);
  await histories.stop();
  assert.deepEqual(ended, ["bad", "a"]);
  await assert.rejects(acquire("b"), { code: "node.stopping" });
});
