// Hashes every state of a training beside the thread that computes the next one (stateBoard.ts says who waits for whom).
import { parentPort, workerData } from "node:worker_threads";
import { stateBoard } from "./stateBoard.ts";
import { openHasher } from "./stateHasher.ts";
import type { HashSetup } from "./trainerMessages.ts";

/** Runs until its thread is ended. */
function hashStates({ part, state, code, version, board: at }: HashSetup): never {
  const board = stateBoard(part.memory, at);
  const hasher = openHasher({ part, state, code });
  parentPort!.postMessage("ready");
  for (let v = version; ; v++) {
    const half = ((v - version) % 2) as 0 | 1;
    board.awaitComputed(v);
    board.reportChecked(v, hasher.firstWithNaN(half));
    board.reportRoot(v, hasher.rootOf(half, v));
  }
}

const setup = workerData as HashSetup | null;
if (parentPort && setup?.role === "weft-hash") hashStates(setup);
