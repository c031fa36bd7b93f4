// A channel against a peer that breaks the rules, written frame by frame.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "./Clock.ts";
import { FlowChannel } from "./FlowChannel.ts";
import { encodeFrame, encodeGrant, FrameParser, FrameType, INITIAL_CREDIT_BYTES, MAX_FRAGMENT_BYTES } from "./Frame.ts";
import { resolveLimits, type TransportLimits } from "./Limits.ts";
import { MemoryPipe } from "./MemoryPipe.ts";
import { coded } from "./transportCompliance.ts";
import type { WireError, WireErrorCode } from "./WireError.ts";

function fixture(overrides: Partial<TransportLimits> = {}) {
  const clock = createManualClock();
  const [ours, theirs] = MemoryPipe.pair({ clock, delayMs: () => 0 });
  const rejected: WireErrorCode[] = [];
  const received: { type: number; payload: Uint8Array }[] = [];
  let finished = 0;
  const parser = new FrameParser((type, payload) => received.push({ type, payload }));
  theirs.listen({ data: (bytes) => parser.push(bytes), ended() {}, closed() {} });
  const hooks = {
    admitFrame: () => true,
    messageIn() {},
    messageOut() {},
    rejected: (error: WireError) => rejected.push(error.code),
    finished: () => {
      finished += 1;
    },
  };
  const channel = new FlowChannel(ours, resolveLimits(overrides), hooks, clock);
  return { clock, theirs, channel, rejected, received, finished: () => finished };
}

/** What the other side writes must end the channel with `code`, counted against it, and tell it so. */
async function violates(code: WireErrorCode, frames: Uint8Array[], overrides: Partial<TransportLimits> = {}) {
  const { clock, theirs, channel, rejected, received, finished } = fixture(overrides);
  for (const frame of frames) theirs.write(frame);
  await clock.advance(0);
  while (
    await channel.receive().then(
      (bytes) => bytes,
      (error: unknown) => void coded(code)(error),
    )
  );
  assert.deepEqual(rejected, [code]);
  assert.equal(String(Buffer.from(received.at(-1)!.payload)), code, "the other side is told");
  assert.equal(finished(), 1);
}

test("each broken rule ends the channel with its code", async () => {
  const full = encodeFrame(FrameType.last, new Uint8Array(MAX_FRAGMENT_BYTES));
  const small = { maxMessageBytes: 1 << 20, windowBytes: 2 << 20 };
  await violates(
    "window",
    Array.from({ length: 9 }, () => full),
    small,
  );
  await violates("protocol", [encodeFrame(FrameType.part)]);
  await violates("protocol", [encodeFrame(FrameType.part, new Uint8Array(1)), encodeFrame(FrameType.end)]);
  await violates("protocol", [encodeFrame(FrameType.end), encodeFrame(FrameType.last)]);
  await violates("protocol", [encodeFrame(FrameType.end), encodeFrame(FrameType.end)]);
  await violates("protocol", [encodeFrame(FrameType.grant)]);
  await violates("protocol", [encodeGrant(0xffffffff)]);
  await violates("protocol", [Uint8Array.of(0, 0, 0, 0, 77)]);
  await violates("oversize", [Uint8Array.of(255, 255, 255, 255, 1)]);
  const part = encodeFrame(FrameType.part, new Uint8Array(100_000));
  await violates("oversize", [part, part], { maxMessageBytes: 150_000 });
});

test("empty messages cost credit too: a flood of them is stopped within the window", async () => {
  const { clock, theirs, channel, rejected } = fixture({ maxMessageBytes: 1_000, windowBytes: INITIAL_CREDIT_BYTES });
  for (let index = 0; index < 10_000; index += 1) theirs.write(encodeFrame(FrameType.last));
  await clock.advance(0);
  assert.deepEqual(rejected, ["window"]);
  assert.ok(channel.unreadBytes <= INITIAL_CREDIT_BYTES + 64);
});

test("grants follow the reader, not the arrival", async () => {
  const { clock, theirs, channel, received } = fixture({ maxMessageBytes: 1 << 20, windowBytes: 2 << 20 });
  const grants = () => received.filter(({ type }) => type === FrameType.grant).length;
  const chunk = encodeFrame(FrameType.last, new Uint8Array(200_000));
  theirs.write(chunk);
  await clock.advance(0);
  assert.equal(grants(), 1, "the first data raises the window from the initial credit");
  for (let index = 0; index < 9; index += 1) theirs.write(chunk);
  await clock.advance(0);
  assert.equal(grants(), 1, "nobody reads, nothing is granted");
  for (let index = 0; index < 5; index += 1) await channel.receive();
  await clock.advance(0);
  assert.equal(grants(), 1);
  await channel.receive();
  await clock.advance(0);
  assert.equal(grants(), 2, "half a window was read");
});

test("a silent peer is given up after the idle time, a quiet one that keeps alive is not", async () => {
  const { clock, theirs, channel, received } = fixture({ idleTimeoutMs: 1_000 });
  const outcome = channel.receive().catch((error: unknown) => error);
  for (let round = 0; round < 10; round += 1) {
    await clock.advance(400);
    theirs.write(encodeFrame(FrameType.ping));
  }
  assert.ok(received.filter(({ type }) => type === FrameType.ping).length >= 8, "we keep alive too");
  await clock.advance(2_000);
  coded("timeout")(await outcome);
});

test("a stream that breaks off without END is not a clean end", async () => {
  const { clock, theirs, channel } = fixture();
  theirs.write(encodeFrame(FrameType.last, Buffer.from("whole")));
  theirs.write(encodeFrame(FrameType.last, Buffer.from("cut")).subarray(0, 6));
  await theirs.closeWrite();
  await clock.advance(0);
  assert.equal(String(await channel.receive()), "whole");
  await assert.rejects(channel.receive(), coded("closed"));
});

test("a reset with an unknown code is plain aborted", async () => {
  const { clock, theirs, channel, rejected } = fixture();
  theirs.write(encodeFrame(FrameType.reset, Buffer.from("../../etc/passwd")));
  await clock.advance(0);
  await assert.rejects(
    channel.receive(),
    (error: unknown) => coded("aborted")(error) && (error as WireError).origin === "remote",
  );
  assert.deepEqual(rejected, []);
});
