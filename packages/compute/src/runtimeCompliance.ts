// What every adapter of the runtime port must do. An adapter's test calls this with a way to open it over a folder.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import type { RunEvent, Runtime, RuntimeJob, SegmentEvent } from "./Runtime.ts";

export interface Bench {
  /** An adapter over its own lasting state; opening the same folder again is a restart of the node. */
  open(folder: string): Runtime;
  /** A new empty folder. */
  folder(): string;
  /** A job of at least 8 segments that lasts well under a second per segment. */
  job(runId: string): RuntimeJob;
  /** The same job with a spec the adapter must refuse. */
  badJob(runId: string): RuntimeJob;
}

/** Longest wait of one check. */
const limit = { timeout: 300_000 };

/** Reads events up to and with the one that satisfies `until`, or all. */
export async function readEvents(
  events: AsyncIterable<RunEvent>,
  until: (event: RunEvent) => boolean = () => false,
): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (until(event)) break;
  }
  return seen;
}

export const segmentsIn = (events: readonly RunEvent[]): SegmentEvent[] =>
  events.filter((event) => event.type === "segment");

/** What must be the same however often a run was interrupted: everything but times and places. */
export const bitsOf = (events: readonly RunEvent[]): unknown[] =>
  segmentsIn(events).map(({ segment, firstStep, lastStep, trace, checkpoint, tokens }) => ({
    segment,
    firstStep,
    lastStep,
    trace,
    contentId: checkpoint.contentId,
    tokens,
  }));

function assertWhole(events: readonly RunEvent[]): void {
  const last = events.at(-1);
  assert.equal(last?.type, "done", JSON.stringify(last));
  const segments = segmentsIn(events);
  assert.equal(segments.length, last?.type === "done" ? last.segments : -1);
  let next = 0;
  for (const [index, segment] of segments.entries()) {
    assert.equal(segment.segment, index);
    assert.equal(segment.firstStep, next);
    assert.ok(segment.lastStep >= segment.firstStep && segment.meteredMs >= 0 && segment.tokens > 0);
    next = segment.lastStep + 1;
  }
}

export function runtimeCompliance(name: string, bench: Bench): void {
  test(`${name}: segments come in order and without gaps, then done`, limit, async () => {
    const runtime = bench.open(bench.folder());
    const run = await runtime.start(bench.job("run"), {});
    assert.equal(run.runId, "run");
    assertWhole(await readEvents(run.events()));
  });

  test(`${name}: a run that is going on can't be started or read twice`, limit, async () => {
    const runtime = bench.open(bench.folder());
    const run = await runtime.start(bench.job("run"), {});
    await assert.rejects(runtime.start(bench.job("run"), {}), (error) => hasCode(error, "runtime.running"));
    const [first] = await readEvents(run.events(), () => true);
    assert.ok(first !== undefined);
    await assert.rejects(readEvents(run.events()), (error) => hasCode(error, "runtime.reader"));
    await run.stop();
  });

  test(`${name}: unknown runs are not attached and stopping them is nothing`, limit, async () => {
    const runtime = bench.open(bench.folder());
    assert.equal(await runtime.attach("nobody"), undefined);
    assert.equal(await runtime.attach("../nobody"), undefined);
    await runtime.stop("nobody", "why not");
  });

  test(`${name}: a malformed job is refused`, limit, async () => {
    const runtime = bench.open(bench.folder());
    await assert.rejects(runtime.start(bench.badJob("run"), {}), (error) => hasCode(error, "runtime.spec"));
    await assert.rejects(runtime.start(bench.job("../escape"), {}), (error) => hasCode(error, "runtime.spec"));
  });

  test(`${name}: a stopped run says so, and goes on with the same bits when started again`, limit, async () => {
    const whole = bitsOf(await readEvents((await bench.open(bench.folder()).start(bench.job("run"), {})).events()));
    const runtime = bench.open(bench.folder());
    const run = await runtime.start(bench.job("run"), {});
    const events = run.events()[Symbol.asyncIterator]();
    for (let seen = 0; seen < 2; ) {
      const next = await events.next();
      assert.ok(next.done !== true && next.value.type !== "failed", JSON.stringify(next.value));
      if (next.value.type === "segment") seen++;
    }
    await runtime.stop("run", "maintenance");
    let last: RunEvent | undefined;
    for (let next = await events.next(); next.done !== true; next = await events.next()) last = next.value;
    assert.ok(last?.type === "failed" && last.code === "runtime.stopped" && last.retryable, JSON.stringify(last));
    assert.ok(last.lastSegment >= 1 && last.lastSegment < whole.length - 1);
    const again = await readEvents((await runtime.start(bench.job("run"), {})).events());
    assertWhole(again);
    assert.deepEqual(bitsOf(again), whole);
  });

  test(`${name}: the signal stops a run`, limit, async () => {
    const runtime = bench.open(bench.folder());
    const stop = new AbortController();
    const run = await runtime.start(bench.job("run"), { signal: stop.signal });
    stop.abort(new Error("enough"));
    const last = (await readEvents(run.events())).at(-1);
    assert.ok(last?.type === "failed" && last.code === "runtime.stopped", JSON.stringify(last));
    await assert.rejects(runtime.start(bench.job("other"), { signal: stop.signal }));
  });

  test(`${name}: after a restart a finished run is told again, from what is on disk`, limit, async () => {
    const folder = bench.folder();
    const first = await readEvents((await bench.open(folder).start(bench.job("run"), {})).events());
    const attached = await bench.open(folder).attach("run");
    const second = await readEvents(attached!.events());
    assertWhole(second);
    assert.deepEqual(segmentsIn(second), segmentsIn(first));
  });

  test(`${name}: a slow reader loses no segment`, limit, async () => {
    const runtime = bench.open(bench.folder());
    const run = await runtime.start(bench.job("run"), {});
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const events: RunEvent[] = [];
    for await (const event of run.events()) {
      events.push(event);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertWhole(events);
  });
}
