// The state root that a program starts from: a pure function of the program, computed once per program, a few milliseconds at
// a time, since gateways and nodes ask for it where everything else of theirs runs too.
import { stateRootFrom } from "../HashLayout.ts";
import { tensorHasher } from "../kernel/hashTensors.ts";
import { fromHex32, toHex } from "../sha256.ts";
import { outlineProgram, type ProgramOutline, type TrainProgram } from "./Program.ts";
import { startParts } from "./startState.ts";
import { turn } from "./turn.ts";

const MOST_REMEMBERED = 16;
/** Elements drawn between two turns of the event loop, or so many more hashed. */
const MOST_AT_ONCE = 2 ** 14;
const HASHED_PER_DRAWN = 16;

type Root = `0x${string}`;
const known = new Map<string, Promise<Root>>();

/** 0x-hex of the root before step 0. Rejects with TensorError `bad-program`. */
export async function startRootOf(program: TrainProgram): Promise<Root> {
  const outline = outlineProgram(program);
  const key = toHex(outline.hash);
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  if (known.size >= MOST_REMEMBERED) known.clear();
  const root = computeRoot(outline);
  known.set(key, root);
  root.catch(() => known.delete(key));
  return root;
}

/** A small program's root is there without a turn. */
async function computeRoot({ program, step }: ProgramOutline): Promise<Root> {
  const seed = fromHex32(program.seed, "seed");
  const hash = tensorHasher(step.state);
  const roots: Uint8Array[] = [];
  let since = 0;
  const share = async (elements: number) => {
    since += elements;
    if (since <= MOST_AT_ONCE) return;
    await turn();
    since = elements;
  };
  for (const [n, tensor] of step.state.entries()) {
    const parts = startParts(seed, tensor, n);
    let part = parts.next();
    for (; !part.done; part = parts.next()) await share(part.value);
    const { data, shape } = part.value;
    await share(data.length / HASHED_PER_DRAWN);
    roots.push(hash(shape, data));
  }
  const names = step.state.map(({ name }) => name);
  return toHex(stateRootFrom(0, names, roots));
}
