// Words in shared memory by which the thread that computes and the one that hashes keep out of each other's way. State
// number v is the one before step v; v and v+2 have the same place. The computing thread may overwrite state v when it is
// hashed and state v+1 is found free of NaN, so that a step that went wrong can still be replayed.

/** Bytes of the board: words, then the roots of the last states. */
export const BOARD_BYTES = 512;
const WORD = { computed: 0, checked: 1, hashed: 2, wrong: 3 } as const;
const ROOTS_AT = 64;
const KEPT_ROOTS = 8;
const ROOT_BYTES = 32;
/** A worker that died would leave the other waiting: it wakes now and then, so that it can be ended. */
const WAKE_MS = 1000;

export type StateBoard = {
  /** The computing side: state `version` is complete. */
  announce(version: number): void;
  /** The hashing side: sleeps until state `version` is complete. */
  awaitComputed(version: number): void;
  /** The hashing side: state `version` has no NaN, or has one in tensor number `wrong`. */
  reportChecked(version: number, wrong: number | undefined): void;
  reportRoot(version: number, root: Uint8Array): void;
  /** The computing side: number of the tensor that holds a NaN in a state up to `version`, once it is checked. */
  awaitChecked(version: number): number | undefined;
  /** The computing side: root of state `version`, one of the last eight, once it is hashed. */
  awaitRoot(version: number): Uint8Array;
};

/** What the thread that computes needs of a board. */
export type ComputingSide = Pick<StateBoard, "announce" | "awaitChecked" | "awaitRoot">;

/** The board at an address of shared memory. `first` is the number of the first state; who makes the board resets it. */
export function stateBoard(memory: WebAssembly.Memory, at: number, reset?: { readonly first: number }): StateBoard {
  const words = new Int32Array(memory.buffer, at, ROOTS_AT / 4);
  const roots = new Uint8Array(memory.buffer, at + ROOTS_AT, KEPT_ROOTS * ROOT_BYTES);
  if (reset !== undefined) {
    for (const word of [WORD.computed, WORD.checked, WORD.hashed]) Atomics.store(words, word, reset.first - 1);
    Atomics.store(words, WORD.wrong, -1);
  }
  const reach = (word: number, version: number) => {
    for (let now = Atomics.load(words, word); now < version; now = Atomics.load(words, word))
      Atomics.wait(words, word, now, WAKE_MS);
  };
  const advance = (word: number, version: number) => {
    Atomics.store(words, word, version);
    Atomics.notify(words, word);
  };
  const rootOf = (version: number) => {
    const first = (version % KEPT_ROOTS) * ROOT_BYTES;
    return roots.subarray(first, first + ROOT_BYTES);
  };
  return {
    announce: (version) => advance(WORD.computed, version),
    awaitComputed: (version) => reach(WORD.computed, version),
    reportChecked(version, wrong) {
      if (wrong !== undefined) Atomics.store(words, WORD.wrong, wrong);
      advance(WORD.checked, version);
    },
    reportRoot(version, root) {
      rootOf(version).set(root);
      advance(WORD.hashed, version);
    },
    awaitChecked(version) {
      reach(WORD.checked, version);
      const wrong = Atomics.load(words, WORD.wrong);
      return wrong < 0 ? undefined : wrong;
    },
    awaitRoot(version) {
      reach(WORD.hashed, version);
      return new Uint8Array(rootOf(version));
    },
  };
}

/** The computing side alone, for a training without other threads: every state is hashed when it is announced. */
export function inlineBoard(
  hasher: { firstWithNaN(half: 0 | 1): number | undefined; rootOf(half: 0 | 1, version: number): Uint8Array },
  first: number,
): ComputingSide {
  const roots = new Map<number, Uint8Array>();
  let wrong: number | undefined;
  return {
    announce(version) {
      const half = ((version - first) % 2) as 0 | 1;
      wrong = hasher.firstWithNaN(half);
      roots.set(version, hasher.rootOf(half, version));
      roots.delete(version - KEPT_ROOTS);
    },
    awaitChecked: () => wrong,
    awaitRoot: (version) => roots.get(version) ?? new Uint8Array(ROOT_BYTES),
  };
}
