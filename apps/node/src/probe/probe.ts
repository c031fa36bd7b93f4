// What this machine has, as `weft node probe --json` prints it: CPU, memory, disk, GPUs, measured fp32 speed, within
// the limits of the surrounding control group. Not here: what the owner declares of it (packages/compute/capability).
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import type { Machine } from "@weft/compute/capability";
import { measureSpeed } from "@weft/compute/tensor/evaluateCheckpoint";
import { cgroupLimits, type ReadFile } from "./cgroup.ts";
import { findGpus, type RunTool } from "./gpus.ts";
import { linkSpeed } from "./link.ts";

export interface Probe extends Machine {
  /** What could not be found out, for a person. */
  notes: string[];
}

export interface ProbeOptions {
  /** Folder whose disk counts; need not exist yet. */
  folder: string;
  /** Time for the speed measurement; 0 leaves it out. Default 200. */
  measureMs?: number;
  signal?: AbortSignal;
}

export async function probe(options: ProbeOptions): Promise<Probe> {
  const limits = cgroupLimits(readText);
  const { gpus, notes } = await findGpus(runTool);
  const measureMs = options.measureMs ?? 200;
  const measured =
    measureMs === 0 ? undefined : await measureSpeed(withSignal(measureMs, options.signal)).catch(noteTo(notes));
  const link = linkSpeed(readText, (name) => existsSync(`/sys/class/net/${name}/device`));
  const disk = await statfs(existingParent(options.folder));
  // availableParallelism knows the CPU affinity, the quota comes on top; half a CPU still is one thread.
  const threads = Math.min(availableParallelism(), Math.max(1, Math.floor(limits.cpus ?? Number.POSITIVE_INFINITY)));
  return {
    cpu: { model: cpus()[0]?.model.trim() ?? "unknown", threads, flags: cpuFlags(readText("/proc/cpuinfo") ?? "") },
    memoryBytes: Math.min(totalmem(), limits.memoryBytes ?? Number.POSITIVE_INFINITY),
    diskFreeBytes: disk.bavail * disk.bsize,
    gpus,
    fp32: measured ?? { gflops: 0, threads: 0 },
    netMbps: link.mbps,
    notes: [...notes, ...(link.note === undefined ? [] : [link.note])],
  };
}

const withSignal = (milliseconds: number, signal: AbortSignal | undefined) => ({
  milliseconds,
  ...(signal && { signal }),
});

const noteTo = (notes: string[]) => (error: unknown) => {
  notes.push(`speed not measured: ${error instanceof Error ? error.message.slice(0, 200) : "failed"}`);
  return undefined;
};

/** Instruction sets that matter for number crunching, of the first CPU, in a fixed order. */
export function cpuFlags(cpuinfo: string): string[] {
  const found = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/));
  return [
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512_bf16",
    "avx512_vnni",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "sve",
  ].filter((flag) => found.has(flag));
}

const readText: ReadFile = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/** Bounded: 10 s and 1 MiB. */
const runTool: RunTool = (name, args) =>
  new Promise((done, fail) => {
    execFile(name, args, { timeout: 10_000, maxBuffer: 1024 ** 2, windowsHide: true }, (error, stdout) => {
      if (error === null) done(stdout);
      else if ((error as NodeJS.ErrnoException).code === "ENOENT") done(undefined);
      else fail(new Error(`ended with ${error.code ?? error.signal}`));
    });
  });

function existingParent(folder: string): string {
  let path = resolve(folder);
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path);
  return path;
}
