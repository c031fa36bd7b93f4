// Which form of the kernels this process runs: the wide one where the engine has it and a self-test finds every bit in place,
// otherwise the plain one. Decided once, on first use.
import { canWiden, compilePlain, compileWide, type KernelCode } from "./module.ts";
import { failedChecks } from "./selfTest.ts";

let chosen: KernelCode | undefined;

export function kernelCode(): KernelCode {
  chosen ??= chooseCode({ canWiden, compileWide });
  return chosen;
}

export type Widening = { readonly canWiden: boolean; readonly compileWide: () => KernelCode };

/** Plain code when the engine cannot widen or the wide code fails a check of the self-test. */
export function chooseCode({ canWiden, compileWide }: Widening): KernelCode {
  if (!canWiden) return compilePlain();
  const wide = compileWide();
  return failedChecks(wide).length === 0 ? wide : compilePlain();
}
