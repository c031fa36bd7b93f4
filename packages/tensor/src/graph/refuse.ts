// The one way a graph is refused: where, which field, what is wrong with it, what to do.
import { TensorError } from "../TensorError.ts";

/** `place` names the part, such as `node 17 reduceSum`. Throws TensorError `bad-graph`. */
export function refuse(place: string, problem: string, remedy: string): never {
  throw new TensorError("bad-graph", `${place}: ${problem}`, remedy);
}
