// How a command says that its data is wrong: the lowest word number of a failing command is kept in the control block.
import { CONTROL_FAILURE } from "./control";

/** Notes that the command at `w` of `plan` met an index out of range. The word is the place + 1; 0 means none. */
export function failCommand(control: usize, plan: usize, w: usize): void {
  const place = <u32>((w - plan) >> 2) + 1;
  let seen = atomic.load<u32>(control, CONTROL_FAILURE);
  while (seen == 0 || place < seen) {
    const found = atomic.cmpxchg<u32>(control, seen, place, CONTROL_FAILURE);
    if (found == seen) return;
    seen = found;
  }
}
