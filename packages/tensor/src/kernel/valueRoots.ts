// Tensor roots of values in a kernel set's memory: a hash call's Merkle roots under their headers (spec/tensor.md §6).
import { valueRootFrom } from "../commitment/valueRoot.ts";
import { rootAddresses } from "./hashRoom.ts";
import type { CallOf } from "./KernelCall.ts";
import type { KernelSet } from "./KernelSet.ts";

/** The tensor root of each of the call's values, after a plan with the call has run. */
export function readValueRoots(kernels: Pick<KernelSet, "read">, { values, room }: CallOf<"hash">): Uint8Array[] {
  return rootAddresses(values, room).map((at, i) => {
    const leavesRoot = new Uint8Array(32);
    kernels.read({ at, dtype: "i8", shape: [32] }, leavesRoot);
    return valueRootFrom(values[i]!, leavesRoot);
  });
}
