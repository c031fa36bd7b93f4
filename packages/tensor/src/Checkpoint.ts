// Checkpoints: the whole training state as one canonical safetensors file, so that any safetensors reader opens it and
// equal states give equal bytes (spec/tensor.md §7). Its content id is the SHA-256 of those bytes.
import { readSafetensors, writeSafetensors } from "./formats/Safetensors.ts";
import { describeType, sameType } from "./graph/Graph.ts";
import { stateRoot } from "./HashLayout.ts";
import { type Program, programHash } from "./Program.ts";
import { allocateState, type State, stateTensors } from "./State.ts";
import { sha256, toHex } from "./sha256.ts";
import { TensorError } from "./TensorError.ts";

const CHECKPOINT_FORMAT = "weft-checkpoint/1";

function bad(message: string): never {
  throw new TensorError("bad-checkpoint", message, "pass the bytes that exportState of the same program returned");
}

/** Canonical bytes of a state before step `nextStep`. */
export function encodeCheckpoint(program: Program, nextStep: number, state: State): Uint8Array {
  const metadata = { format: CHECKPOINT_FORMAT, nextStep: String(nextStep), programHash: toHex(programHash(program)) };
  const tensors = stateTensors(state).map(({ name, rows, columns, data }) => {
    return { name, dtype: "f32" as const, shape: [rows, columns], data };
  });
  return writeSafetensors({ metadata, tensors });
}

/** Length of the canonical file of any state of `program` before step `nextStep`. */
export function checkpointBytes(program: Program, nextStep: number): number {
  const state = allocateState(program, (rows, columns) => new Float32Array(rows * columns));
  return encodeCheckpoint(program, nextStep, state).length;
}

/** Reads a checkpoint of `program` into plain arrays. Throws `bad-safetensors` or `bad-checkpoint`. */
export function decodeCheckpoint(program: Program, bytes: Uint8Array): { nextStep: number; state: State } {
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata["format"] !== CHECKPOINT_FORMAT)
    bad(`metadata format is ${metadata["format"]}, not ${CHECKPOINT_FORMAT}`);
  const hash = toHex(programHash(program));
  if (metadata["programHash"] !== hash)
    bad(`the checkpoint belongs to program ${metadata["programHash"]}, not ${hash}`);
  const text = metadata["nextStep"] ?? "";
  const nextStep = /^(0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : Number.NaN;
  if (!(nextStep <= program.totalSteps))
    bad(`metadata nextStep is ${text.slice(0, 40)}, not in 0..${program.totalSteps}`);
  const state = allocateState(program, (rows, columns) => new Float32Array(rows * columns));
  const expected = stateTensors(state);
  if (tensors.length !== expected.length) bad(`it has ${tensors.length} tensors, the program needs ${expected.length}`);
  expected.forEach(({ name, rows, columns, data }, i) => {
    const got = tensors[i]!;
    const wanted = { dtype: "f32", shape: [rows, columns] } as const;
    if (got.name !== name || !sameType(got, wanted))
      bad(`tensor ${i} is ${got.name} ${describeType(got)}, the program needs ${name} ${describeType(wanted)}`);
    data.set(got.data);
  });
  return { nextStep, state };
}

/** State root of a checkpoint's content: what a segment's startRoot or endRoot must equal. */
export function checkpointStateRoot(program: Program, bytes: Uint8Array): Uint8Array {
  const { nextStep, state } = decodeCheckpoint(program, bytes);
  return stateRoot(nextStep, stateTensors(state));
}

/** Content id of checkpoint bytes. */
export function checkpointId(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}
