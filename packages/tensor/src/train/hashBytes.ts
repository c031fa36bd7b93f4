// How much of a training's memory its hash worker needs.
import { callBytes } from "../execute/regions.ts";
import { hashRoomBytes } from "../kernel/hashRoom.ts";
import { teamBytes } from "../kernel/wasmKernels.ts";
import type { StateTensor } from "../models/StateTensor.ts";

/** Bytes for digests, commands and scratch, for both halves of the state. */
export function hashBytes(state: readonly Pick<StateTensor, "shape">[]): number {
  const values = state.map(({ shape }) => ({ at: 0, dtype: "f32" as const, shape }));
  const half = hashRoomBytes(values) + callBytes([{ call: "hash", values, room: 0 }]) + 128;
  return teamBytes({ threads: 1 }) + 2 * half + 4096;
}
