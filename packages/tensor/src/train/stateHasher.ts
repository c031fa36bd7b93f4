// Hashes the states of a training where they lie, in either half of the state; nothing is copied.
import { tensorRootFrom } from "../commit/TensorLayout.ts";
import { elementCount } from "../graph/Graph.ts";
import { stateRootFrom } from "../HashLayout.ts";
import { type ArenaPart, arenaOf } from "../kernel/Arena.ts";
import { hashRoomBytes, rootAddresses } from "../kernel/hashRoom.ts";
import type { KernelCode } from "../kernel/module.ts";
import { soloKernels } from "../kernel/wasmKernels.ts";
import type { HashedTensor } from "./trainerMessages.ts";

export type StateHasher = {
  /** Number of the first tensor that holds a NaN. */
  firstWithNaN(half: 0 | 1): number | undefined;
  /** Root of the state before step `version`, which lies in that half. */
  rootOf(half: 0 | 1, version: number): Uint8Array;
};

export type HasherOptions = {
  readonly part: ArenaPart;
  readonly state: readonly HashedTensor[];
  /** What the process has compiled and tested already. */
  readonly code: KernelCode;
};

/** Its commands and digests lie in a part of the memory that is its own. */
export function openHasher({ part, state, code }: HasherOptions): StateHasher {
  const { memory } = part;
  const arena = arenaOf(part);
  const kernels = soloKernels(arena, code);
  const halves = ([0, 1] as const).map((half) => {
    const values = state.map(({ views }) => views[half]);
    const room = arena.reserve(hashRoomBytes(values));
    const elements = values.map(({ at, shape }) => new Float32Array(memory.buffer, at, elementCount(shape)));
    const roots = rootAddresses(values, room).map((at) => new Uint8Array(memory.buffer, at, 32));
    return { values, elements, roots, plan: kernels.compile([{ call: "hash", values, room }]) };
  });
  const names = state.map(({ name }) => name);
  return {
    firstWithNaN(half) {
      const at = halves[half]!.elements.findIndex(hasNaN);
      return at < 0 ? undefined : at;
    },
    rootOf(half, version) {
      const { values, roots, plan } = halves[half]!;
      kernels.run(plan);
      const tensorRoots = values.map(({ dtype, shape }, i) => tensorRootFrom({ dtype, shape }, roots[i]!.slice()));
      return stateRootFrom(version, names, tensorRoots);
    },
  };
}

function hasNaN(elements: Float32Array): boolean {
  for (let i = 0; i < elements.length; i++) if (Number.isNaN(elements[i])) return true;
  return false;
}
