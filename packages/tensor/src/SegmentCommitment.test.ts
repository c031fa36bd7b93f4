// The commitment binds every field, has one fixed-width form, and refuses what does not fit it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { keccak256 } from "viem";
import { runSegment } from "./runSegment.ts";
import {
  bytes32Name,
  commitmentHash,
  commitSegment,
  encodeSegmentCommitment,
  SEGMENT_COMMITMENT_ABI,
  type SegmentCommitment,
} from "./SegmentCommitment.ts";
import { toHex } from "./sha256.ts";
import { openTrainer } from "./Trainer.ts";
import { tinyCorpus, tinyProgram } from "./tinyProgram.ts";

const program = tinyProgram();
const trainer = await openTrainer(program, tinyCorpus);
const trace = await runSegment(trainer, { firstStep: 0, lastStep: 5 });
await trainer.close();
const order = toHex(new Uint8Array(32).fill(0xaa));
const commitment = commitSegment(program, trace, { order, segment: 0n, beaconRound: 9n });

test("it says what the trace and the program say", () => {
  assert.equal(commitment.seed, program.seed);
  assert.equal(commitment.dataRoot, program.dataRoot);
  assert.equal(commitment.historyRoot, toHex(trace.historyRoot));
  assert.equal(commitment.lastStep, 5n);
  assert.equal(commitment.tokens, BigInt(6 * program.batch));
  assert.equal(commitment.numericsId, `0x${Buffer.from("fp32-seq-unfused").toString("hex")}${"0".repeat(32)}`);
});

test("the encoding is 14 words in field order, hashed with keccak-256", () => {
  const encoded = encodeSegmentCommitment(commitment);
  const words = SEGMENT_COMMITMENT_ABI.map(({ name }) => {
    const value = commitment[name];
    return typeof value === "bigint" ? value.toString(16).padStart(64, "0") : value.slice(2);
  });
  assert.equal(encoded, `0x${words.join("")}`);
  assert.equal((encoded.length - 2) / 2, 448);
  assert.equal(commitmentHash(commitment), keccak256(encoded));
});

test("changing any one field changes the hash", () => {
  const seen = new Set([commitmentHash(commitment)]);
  for (const { name, type } of SEGMENT_COMMITMENT_ABI) {
    const other = type === "uint64" ? (commitment[name] as bigint) + 1n : toHex(new Uint8Array(32).fill(0x77));
    const changed = { ...commitment, [name]: other, ...(name === "firstStep" ? { firstStep: 1n } : {}) };
    seen.add(commitmentHash(changed as SegmentCommitment));
  }
  assert.equal(seen.size, SEGMENT_COMMITMENT_ABI.length + 1);
});

test("a field that does not fit is refused by name", () => {
  const wrong: [Partial<Record<keyof SegmentCommitment, unknown>>, RegExp][] = [
    [{ tokens: 2n ** 64n }, /^tokens is/],
    [{ tokens: -1n }, /^tokens is/],
    [{ segment: 1 }, /^segment is 1/],
    [{ order: "0x12" }, /^order is not 32 bytes/],
    [{ endRoot: order.toUpperCase() }, /^endRoot/],
    [{ firstStep: 6n }, /lastStep is before firstStep/],
  ];
  for (const [change, message] of wrong)
    assert.throws(() => commitmentHash({ ...commitment, ...change } as SegmentCommitment), {
      code: "tensor.bad-commitment",
      message,
    });
  assert.throws(() => bytes32Name("x".repeat(33)), /not 1 to 32/);
});
