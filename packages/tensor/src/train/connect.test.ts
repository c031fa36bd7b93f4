// Both connections to worker threads: one that is being ended keeps the process alive until its thread is gone, so that
// who waits for it is answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { connectEngine } from "../infer/connectEngine.ts";
import { connect } from "./connect.ts";

const talker = `
  const { parentPort, workerData } = require("node:worker_threads");
  for (let i = 0; i < 3; i++) parentPort.postMessage({ kind: "drawn", drawn: [] });
  Atomics.store(workerData, 0, 1);
  Atomics.notify(workerData, 0);
  setInterval(() => {}, 1000);
`;

for (const [name, open] of Object.entries({ engine: connectEngine, trainer: connect }))
  test(`${name}: what a thread said before its end does not let the process go`, async (t) => {
    const said = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(talker, { eval: true, workerData: said });
    const connection = open(worker, undefined);
    const released = t.mock.method(worker, "unref");
    const heard = t.mock.fn();
    worker.on("message", heard);
    // Blocks this thread: the messages are on their way when the end begins.
    assert.notEqual(Atomics.wait(said, 0, 0, 60_000), "timed-out");
    await connection.end(new Error("over"));
    assert.ok(heard.mock.callCount() > 0, "messages came while it ended");
    assert.equal(released.mock.callCount(), 0);
  });
