// Hashes every state of a training beside the thread that computes the next one (stateBoard.ts says who waits for whom).
// Reads the state where it lies; nothing is copied.
import { parentPort, workerData } from "node:worker_threads";
import { tensorRootFrom } from "../commit/TensorLayout.ts";
import { elementCount } from "../graph/Graph.ts";
import { stateRootFrom } from "../HashLayout.ts";
import { arenaOf } from "../kernel/Arena.ts";
import { hashRoomBytes, rootAddresses } from "../kernel/hashRoom.ts";
import { soloKernels } from "../kernel/wasmKernels.ts";
import { stateBoard } from "./stateBoard.ts";
import type { HashSetup } from "./trainerMessages.ts";

/** Runs until its thread is ended. */
function hashStates(setup: HashSetup): never {
  const { part, state, version } = setup;
  const { memory } = part;
  const board = stateBoard(memory, setup.board);
  const arena = arenaOf(part);
  const kernels = soloKernels(arena);
  const halves = ([0, 1] as const).map((half) => {
    const values = state.map(({ views }) => views[half]);
    const room = arena.reserve(hashRoomBytes(values));
    const elements = values.map(({ at, shape }) => new Float32Array(memory.buffer, at, elementCount(shape)));
    const roots = rootAddresses(values, room).map((at) => new Uint8Array(memory.buffer, at, 32));
    return { values, elements, roots, plan: kernels.compile([{ call: "hash", values, room }]) };
  });
  const names = state.map(({ name }) => name);
  parentPort!.postMessage("ready");
  for (let v = version; ; v++) {
    const { values, elements, roots, plan } = halves[(v - version) % 2]!;
    board.awaitComputed(v);
    board.reportChecked(v, firstWithNaN(elements));
    kernels.run(plan);
    const tensorRoots = values.map(({ dtype, shape }, i) => tensorRootFrom({ dtype, shape }, roots[i]!.slice()));
    board.reportRoot(v, stateRootFrom(v, names, tensorRoots));
  }
}

function firstWithNaN(tensors: readonly Float32Array[]): number | undefined {
  const at = tensors.findIndex((elements) => {
    for (let i = 0; i < elements.length; i++) if (Number.isNaN(elements[i])) return true;
    return false;
  });
  return at < 0 ? undefined : at;
}

const setup = workerData as HashSetup | null;
if (parentPort && setup?.role === "weft-hash") hashStates(setup);
