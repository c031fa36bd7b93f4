// From what a probe measured to what an owner may declare: pools, packed attributes and units. Pure, always rounding
// down. A node that shares its machine declares its share of memory, disk, link and speed, and sets `sharedHost`.
// Not here: measuring (apps/node/src/probe), prices (packages/market).
import * as Attributes from "@weft/protocol/Attributes";
import { WeftError } from "@weft/protocol/Errors";

export interface Gpu {
  vendor: "nvidia" | "amd";
  /** Marketing name as the driver prints it. */
  name: string;
  memoryBytes: number;
}

/** A probed machine; limits of the surrounding container are already applied. */
export interface Machine {
  cpu: { model: string; threads: number; flags: string[] };
  memoryBytes: number;
  diskFreeBytes: number;
  gpus: Gpu[];
  /** Speed of the project's own fp32 kernel on `threads` threads; 0 when not measured. */
  fp32: { gflops: number; threads: number };
  /** What the network card states, not what was measured; 0 when unknown. */
  netMbps: number;
}

/** This node's part of the machine: 1 of `nodes` equal parts. */
export interface Share {
  nodes: number;
}

/** One hardware class of a node, as it goes on chain and into offers. */
export interface Capability {
  /** Label for HardwareClass.toBytes8. */
  class: string;
  /** Per unit. */
  attributes: Attributes.Attributes;
  units: number;
}

const gib = 1024 ** 3;

/** The owner's limits on top of what is there; absent means all of it. */
export interface Ceiling {
  threads?: number;
  memoryMiB?: number;
  diskMiB?: number;
  units?: number;
}

/**
 * Capabilities of a machine's share: one `cpu` pool of one unit, and one pool per GPU model with one unit per GPU.
 * Attributes describe one unit. Threads, memory, disk and link are cut into equal slices, one for the cpu unit and one
 * per GPU, so that leases on all pools at once still fit. A slice keeps at least one thread: those can be shared.
 * @throws WeftError `capability.share` unless nodes is an integer in 1..1024.
 */
export function capabilitiesOf(machine: Machine, options: { share: Share; ceiling?: Ceiling }): Capability[] {
  const { nodes } = options.share;
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 1024)
    throw new WeftError(`the machine is shared by ${nodes} nodes`, {
      code: "capability.share",
      remedy: "use an integer between 1 and 1024",
    });
  const ceiling = options.ceiling ?? {};
  const models = [...Map.groupBy(machine.gpus, (gpu) => gpuClass(gpu.name))]
    .map(([label, gpus]) => ({
      label,
      gpus,
      units: Math.min(Math.floor(gpus.length / nodes), ceiling.units ?? Infinity),
    }))
    .filter(({ units }) => units > 0);
  const slices = 1 + models.reduce((sum, { units }) => sum + units, 0);
  const host = hostAttributes(machine, { nodes, slices, ceiling });
  const cpu: Capability = { class: "cpu", attributes: host, units: Math.min(1, ceiling.units ?? 1) };
  const gpus = models.map(({ label, gpus, units }) => ({
    class: label,
    attributes: { ...host, gpuCount: 1, gpuMemoryGiB: field(Math.min(...gpus.map((gpu) => gpu.memoryBytes)) / gib) },
    units,
  }));
  return [cpu, ...gpus];
}

function hostAttributes(
  machine: Machine,
  cut: { nodes: number; slices: number; ceiling: Ceiling },
): Attributes.Attributes {
  const { nodes, slices, ceiling } = cut;
  const ownThreads = Math.min(Math.max(1, Math.floor(machine.cpu.threads / nodes)), ceiling.threads ?? Infinity);
  const threads = Math.max(1, Math.floor(ownThreads / slices));
  const memory = Math.min(machine.memoryBytes / nodes, (ceiling.memoryMiB ?? Infinity) * 1024 ** 2);
  const disk = Math.min(machine.diskFreeBytes / nodes, (ceiling.diskMiB ?? Infinity) * 1024 ** 2);
  // Speed in proportion to the threads declared, and never above this slice's part of what was measured.
  const perThread = machine.fp32.threads > 0 ? machine.fp32.gflops / machine.fp32.threads : 0;
  const measuredPart = (perThread * machine.cpu.threads) / nodes / slices;
  return {
    ...Attributes.none,
    cpuThreads: field(threads),
    memoryGiB: field(memory / slices / gib),
    diskGiB: field(disk / slices / gib),
    fp32Gflops: field(Math.min(perThread * threads, measuredPart)),
    netMbpsTenth: field(machine.netMbps / nodes / slices / 10),
    flags: nodes > 1 ? Attributes.flags.sharedHost : 0,
  };
}

/** An attribute field: whole units, rounded down, at most a uint16. */
const field = (value: number): number => Math.min(0xffff, Math.max(0, Math.floor(value)));

/**
 * Class label of a GPU: its model number, in at most 8 characters. "NVIDIA H100 PCIe" → gpu-h100,
 * "NVIDIA GeForce RTX 4090" → gpu-4090, "AMD Instinct MI300X" → g-mi300x; a name without a number → gpu.
 */
export function gpuClass(name: string): string {
  const model = /\b([a-z]{0,2}\d{1,4}[a-z]{0,2})\b/i.exec(name.slice(0, 200))?.[1]?.toLowerCase();
  if (model === undefined) return "gpu";
  return model.length <= 4 ? `gpu-${model}` : `g-${model.slice(0, 6)}`;
}
