// How much work a program is, for estimates of time and cost; never for pay, which goes by metered seconds.
import type { Preset } from "./Program.ts";

/**
 * What hashing the state and optimising it cost per parameter and step, in kernel operations: measured on one x86-64
 * thread as 9,300 for `quick` and 7,600 for `main` (step time less that of the matmuls, times the kernel's own speed).
 */
const operationsPerParameter = 8000;

/** @param vocab distinct bytes of the corpus; 256 when it is not known @returns fp32 operations of one step */
export function stepWork({ model, batch }: Pick<Preset, "model" | "batch">, vocab: number): number {
  const inputs = model.context * model.embedding;
  const matmuls = model.hidden * (inputs + vocab);
  const parameters = matmuls + vocab * model.embedding + model.hidden + vocab;
  // Multiply and add; forward, gradient of the weights, gradient of the inputs.
  return 6 * batch * matmuls + operationsPerParameter * parameters;
}
