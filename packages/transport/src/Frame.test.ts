import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { encodeFrame, encodeGrant, FrameParser, FrameType, MAX_FRAGMENT_BYTES } from "./Frame.ts";
import { WireError } from "./WireError.ts";

const seed = Number(process.env["WEFT_SEED"] ?? 311);

test(`frames come out whole however the bytes are cut (seed ${seed})`, () => {
  const frame = fc.tuple(fc.constantFrom(FrameType.part, FrameType.last), fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (frames, cuts) => {
        const stream = Buffer.concat(frames.map(([type, payload]) => encodeFrame(type, payload)));
        const parsed: [number, Buffer][] = [];
        const parser = new FrameParser((type, payload) => parsed.push([type, Buffer.from(payload)]));
        for (let offset = 0, turn = 0; offset < stream.length; turn += 1) {
          const length = cuts[turn % cuts.length]!;
          parser.push(stream.subarray(offset, offset + length));
          offset += length;
        }
        assert.deepEqual(
          parsed,
          frames.map(([type, payload]) => [type, Buffer.from(payload)]),
        );
      },
    ),
    { seed },
  );
});

test("a length above the limit is refused from the header alone", () => {
  for (const [type, length] of [
    [FrameType.last, MAX_FRAGMENT_BYTES + 1],
    [FrameType.last, 0xffffffff],
    [FrameType.grant, 5],
    [FrameType.end, 1],
    [FrameType.reset, 65],
  ] as const) {
    const header = Buffer.alloc(5);
    header.writeUInt32BE(length, 0);
    header[4] = type;
    const parser = new FrameParser(() => assert.fail("no frame"));
    assert.throws(
      () => parser.push(header),
      (error: unknown) => error instanceof WireError && error.code === "oversize",
    );
  }
  const unknown = new FrameParser(() => assert.fail("no frame"));
  assert.throws(() => unknown.push(Buffer.from([0, 0, 0, 0, 9])), /unknown frame type 9/);
});

test("random bytes raise nothing but WireError", () => {
  for (let round = 0; round < 500; round += 1) {
    const parser = new FrameParser(() => {});
    try {
      parser.push(randomBytes(64));
    } catch (error) {
      assert.ok(error instanceof WireError, String(error));
    }
  }
});

test("a frame holds its own copy of the payload, a grant is big-endian", () => {
  const payload = Buffer.from("abc");
  const frame = encodeFrame(FrameType.last, payload);
  payload.fill(0);
  assert.equal(Buffer.from(frame).toString("latin1"), "\0\0\0\x03\x01abc");
  assert.deepEqual([...encodeGrant(0x01020304)], [0, 0, 0, 4, 2, 1, 2, 3, 4]);
});
