// The state root that a program starts from: a pure function of the program, computed once per program.
import { stateRootFrom } from "../HashLayout.ts";
import { hashTensors } from "../kernel/hashTensors.ts";
import { fromHex32, toHex } from "../sha256.ts";
import { outlineProgram, type TrainProgram } from "./Program.ts";
import { startTensor } from "./startState.ts";

const MOST_REMEMBERED = 16;
const known = new Map<string, `0x${string}`>();

/** 0x-hex of the root before step 0. Throws TensorError `bad-program`. */
export function startRootOf(program: TrainProgram): `0x${string}` {
  const { hash, step } = outlineProgram(program);
  const key = toHex(hash);
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  const seed = fromHex32(program.seed, "seed");
  const roots = hashTensors(
    step.state,
    step.state.map((tensor, n) => () => startTensor(seed, tensor, n)),
  );
  const root = toHex(
    stateRootFrom(
      0,
      step.state.map(({ name }) => name),
      roots,
    ),
  );
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(key, root);
  return root;
}
