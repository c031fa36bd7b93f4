// Checkpoints of version 2: the whole training state as one canonical safetensors file (spec/tensor.md §8). Equal states
// give equal bytes; the content id is their SHA-256. The program is written into it, so that the file alone says what model
// it holds and can be evaluated, sampled and trained on.

import {
  readSafetensors,
  readSafetensorsMetadata,
  safetensorsBytes,
  writeSafetensors,
} from "../formats/Safetensors.ts";
import { describeType, sameType } from "../graph/Graph.ts";
import type { TensorValue } from "../graph/TensorValue.ts";
import { stateRootFrom } from "../HashLayout.ts";
import { hashTensors } from "../kernel/hashTensors.ts";
import { sha256, toHex } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import {
  decodeTrainProgram,
  encodeTrainProgram,
  type ProgramOutline,
  type TrainProgram,
  trainProgramHash,
} from "./Program.ts";

export const CHECKPOINT_FORMAT = "weft-checkpoint/2";

export type Checkpoint = {
  readonly nextStep: number;
  /** In committed order, by name. */
  readonly state: Readonly<Record<string, TensorValue>>;
};

function bad(message: string): never {
  throw new TensorError("bad-checkpoint", message, "pass the bytes that exportState of the same program returned");
}

function metadataOf({ program, hash }: ProgramOutline, nextStep: number): Record<string, string> {
  return {
    format: CHECKPOINT_FORMAT,
    nextStep: String(nextStep),
    program: encodeTrainProgram(program),
    programHash: toHex(hash),
  };
}

/** Canonical bytes of a state before step `nextStep`. */
export function encodeCheckpoint(outline: ProgramOutline, { nextStep, state }: Checkpoint): Uint8Array {
  const tensors = outline.step.state.map(({ name }) => ({ ...state[name]!, name }));
  return writeSafetensors({ metadata: metadataOf(outline, nextStep), tensors });
}

/** Reads a checkpoint of the program. Throws TensorError `bad-safetensors` or `bad-checkpoint`. */
export function decodeCheckpoint({ program, step, hash }: ProgramOutline, bytes: Uint8Array): Checkpoint {
  const { metadata, tensors } = readSafetensors(bytes);
  const { format, programHash, program: written, nextStep: text = "" } = metadata;
  if (format !== CHECKPOINT_FORMAT) bad(`metadata format is ${String(format).slice(0, 40)}, not ${CHECKPOINT_FORMAT}`);
  if (programHash !== toHex(hash))
    bad(`the checkpoint belongs to program ${String(programHash).slice(0, 80)}, not ${toHex(hash)}`);
  if (written !== encodeTrainProgram(program)) bad("metadata program is not the canonical text of that program");
  const nextStep = /^(0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : Number.NaN;
  if (!(nextStep <= program.totalSteps))
    bad(`metadata nextStep is ${text.slice(0, 40)}, not in 0..${program.totalSteps}`);
  if (tensors.length !== step.state.length)
    bad(`it has ${tensors.length} tensors, the program needs ${step.state.length}`);
  const state = step.state.map(({ name, shape }, i) => {
    const found = tensors[i]!;
    const type = { dtype: "f32", shape } as const;
    if (found.name !== name || !sameType(found, type))
      bad(`tensor ${i} is ${found.name} ${describeType(found)}, the program needs ${name} ${describeType(type)}`);
    return [name, { dtype: found.dtype, shape: found.shape, data: found.data } as TensorValue] as const;
  });
  return { nextStep, state: Object.fromEntries(state) };
}

/**
 * The program that a checkpoint says it is of, checked, and the step it goes on with; its tensors are not looked at. Throws
 * TensorError `bad-safetensors`, `bad-checkpoint`, `bad-program`.
 */
export function readCheckpointProgram(bytes: Uint8Array): {
  readonly program: TrainProgram;
  readonly nextStep: number;
} {
  const { format, programHash, program: text = "", nextStep } = readSafetensorsMetadata(bytes);
  if (format !== CHECKPOINT_FORMAT) bad(`metadata format is ${String(format).slice(0, 40)}, not ${CHECKPOINT_FORMAT}`);
  const program = decodeTrainProgram(text);
  if (programHash !== toHex(trainProgramHash(program)))
    bad(`metadata program does not hash to programHash ${String(programHash).slice(0, 80)}`);
  return { program, nextStep: Number(nextStep) };
}

/** State root of a checkpoint's content: what a segment's startRoot or endRoot must equal. */
export function checkpointStateRoot(open: ProgramOutline, bytes: Uint8Array): Uint8Array {
  const { nextStep, state } = decodeCheckpoint(open, bytes);
  const names = open.step.state.map(({ name }) => name);
  const roots = hashTensors(
    open.step.state,
    names.map((name) => () => state[name]!),
  );
  return stateRootFrom(nextStep, names, roots);
}

/** Length of the canonical file of any state of the program before step `nextStep`. */
export function checkpointBytes(outline: ProgramOutline, nextStep: number): number {
  const tensors = outline.step.state.map(({ name, shape }) => ({ name, dtype: "f32" as const, shape }));
  return safetensorsBytes({ metadata: metadataOf(outline, nextStep), tensors });
}

/** Content id of checkpoint bytes. */
export function checkpointId(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}
