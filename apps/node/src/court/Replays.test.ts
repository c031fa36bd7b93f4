import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dispute, DisputeOptions } from "@weft/compute/tensor/openDispute";
import { WeftError } from "@weft/protocol/Errors";
import type { CourtStruct } from "@weft/verification/court/Move";
import { Histories } from "./Histories.ts";
import { Replays } from "./Replays.ts";

/** Replays of workers that fail with `code` while there is one, under a clock of the test's. */
function failing(code: string | undefined) {
  const at = { code, now: 1000, opened: 0, closed: 0 };
  const port = (): Dispute => {
    at.opened++;
    const { code } = at;
    const failure = code === undefined ? undefined : new WeftError(`it says ${code}`, { code, remedy: "do this" });
    return {
      oracle: {} as Dispute["oracle"],
      program: () => (failure ? Promise.reject(failure) : Promise.resolve({} as CourtStruct)),
      close: async () => void at.closed++,
    };
  };
  const replays = new Replays(new Histories(port, { limit: 1, now: () => at.now, margin: 0 }), () => at.now);
  const options = async () => ({}) as DisputeOptions;
  return { at, replays, acquire: () => replays.acquire("game", { options, until: 1e9 }) };
}

test("a worker without memory is tried again less and less often, then no more; the cause is told", async () => {
  const { at, acquire, replays } = failing("runtime.memory");
  const waits: number[] = [];
  let last = at.now;
  for (let second = 0; second < 10_000; second++, at.now++) {
    const { opened } = at;
    const error = (await acquire().catch((error: unknown) => error)) as WeftError;
    if (at.opened > opened) {
      waits.push(at.now - last);
      last = at.now;
      assert.equal(error.code, waits.length < 3 ? "runtime.memory" : "court.replay");
    }
    if (waits.length < 3) continue;
    assert.equal(error.code, "court.replay");
    assert.match(error.message, /failed \d+ times, .*it says runtime.memory/);
    assert.equal(error.remedy, "do this");
  }
  assert.deepEqual(waits, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600]);
  assert.deepEqual([at.closed, replays.failing], [waits.length, 1]);
  await assert.rejects(acquire(), { code: "court.replay", retryable: false, message: /not tried again/ });
  // Another life of the dispute, or of the node, begins anew.
  await replays.forget("game");
  at.code = undefined;
  (await acquire()).release();
});

test("what nobody has now is asked for until there is no time left; a success begins the count anew", async () => {
  const { at, acquire, replays } = failing("content.unavailable");
  for (let tries = 0; tries < 40; tries++, at.now += 600) await assert.rejects(acquire());
  assert.equal(at.opened, 40);
  at.code = undefined;
  (await acquire()).release();
  replays.worked("game");
  at.code = "runtime.crashed";
  await replays.close("game");
  // What it answered before needs no worker; anything else does.
  const { history } = await acquire();
  const asked = history.oracle.firstNan().catch((error: unknown) => replays.broke("game", error));
  await assert.rejects(asked, { code: "runtime.crashed" });
});

test("troubles of the chain, a full queue and the node's own end are nobody's failed replay", async () => {
  for (const code of [
    "chain.rpc",
    "court.workers",
    "court.startUnknown",
    "runtime.busy",
    "runtime.stopped",
    "node.stopping",
  ]) {
    const { acquire, replays } = failing(code);
    for (let tries = 0; tries < 5; tries++) await assert.rejects(acquire(), { code });
    assert.equal(replays.failing, 0);
  }
});
