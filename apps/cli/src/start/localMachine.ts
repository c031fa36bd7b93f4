// What this machine has, as far as the operating system tells without measuring: enough to declare pools quickly at
// start-up. `weft node probe` measures speed as well.

import { statfsSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import type { Machine } from "@weft/compute/capability";

/** Speed, link and GPUs count as unknown. */
export function localMachine(): Machine {
  const disk = statfsSync(process.cwd());
  return {
    cpu: { model: cpus()[0]?.model ?? "unknown", threads: availableParallelism(), flags: [] },
    memoryBytes: Math.min(totalmem(), process.constrainedMemory() || totalmem()),
    diskFreeBytes: disk.bavail * disk.bsize,
    gpus: [],
    fp32: { gflops: 0, threads: 0 },
    netMbps: 0,
  };
}
