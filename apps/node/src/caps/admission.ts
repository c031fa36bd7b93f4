// May the node offer, how many units, and may it take this job: pure decisions over caps, leases and switches.
// Paused: no new work, running leases go on. Draining: the same, and the node may end once nothing runs.
// Not here: prices and matching (packages/market), enforcing the limits (the runtime).
import { type Caps, inSchedule } from "./Caps.ts";

/** What one running lease holds. */
export interface Held {
  units: number;
  threads: number;
  memoryMiB: number;
  diskMiB: number;
}

export interface Situation {
  caps: Caps;
  held: readonly Held[];
  paused: boolean;
  draining: boolean;
  /** Free on the machine itself, whatever the caps say. */
  free: { memoryMiB: number; diskMiB: number };
  unixSeconds: bigint;
}

export type Reason = "paused" | "draining" | "schedule" | "units" | "threads" | "memory" | "disk" | "kind";

/** What one unit of a pool takes when it is leased. */
export type PerUnit = Omit<Held, "units">;

export interface Admission {
  /** Units that may be offered or taken now; 0 when not. */
  units: number;
  /** What limits it; undefined when all asked for fits. */
  reason?: Reason;
}

function switchedOff({ caps, paused, draining, unixSeconds }: Situation): Reason | undefined {
  if (draining) return "draining";
  if (paused) return "paused";
  return inSchedule(caps, unixSeconds) ? undefined : "schedule";
}

/** Units left per resource, the scarcest first. */
function roomFor({ caps, held, free }: Situation, perUnit: PerUnit): { reason: Reason; units: number }[] {
  const used = held.reduce(
    (sum, lease) => ({
      units: sum.units + lease.units,
      threads: sum.threads + lease.threads,
      memoryMiB: sum.memoryMiB + lease.memoryMiB,
      diskMiB: sum.diskMiB + lease.diskMiB,
    }),
    { units: 0, threads: 0, memoryMiB: 0, diskMiB: 0 },
  );
  const fits = (left: number, each: number) =>
    each <= 0 ? Number.MAX_SAFE_INTEGER : Math.floor(Math.max(0, left) / each);
  const rooms: { reason: Reason; units: number }[] = [
    { reason: "units", units: Math.max(0, caps.units - used.units) },
    { reason: "threads", units: fits(caps.maxThreads - used.threads, perUnit.threads) },
    { reason: "memory", units: fits(Math.min(caps.memoryMiB - used.memoryMiB, free.memoryMiB), perUnit.memoryMiB) },
    { reason: "disk", units: fits(Math.min(caps.diskMiB - used.diskMiB, free.diskMiB), perUnit.diskMiB) },
  ];
  return rooms.sort((a, b) => a.units - b.units);
}

/** Units of a pool of `poolUnits` that may stand in an offer now. */
export function unitsToOffer(situation: Situation, options: { poolUnits: number; perUnit: PerUnit }): Admission {
  const off = switchedOff(situation);
  if (off !== undefined) return { units: 0, reason: off };
  const scarcest = roomFor(situation, options.perUnit)[0] as { reason: Reason; units: number };
  if (scarcest.units >= options.poolUnits) return { units: options.poolUnits };
  return { units: scarcest.units, reason: scarcest.reason };
}

/** Whether a job of `units` may start now; all or nothing. */
export function mayTake(situation: Situation, job: { kind: string; units: number; perUnit: PerUnit }): Admission {
  const off = switchedOff(situation);
  if (off !== undefined) return { units: 0, reason: off };
  if (!situation.caps.kinds.includes(job.kind)) return { units: 0, reason: "kind" };
  const scarcest = roomFor(situation, job.perUnit)[0] as { reason: Reason; units: number };
  return scarcest.units >= job.units ? { units: job.units } : { units: 0, reason: scarcest.reason };
}

/** Draining is over: nothing runs and nothing is on its way to the chain. */
export function isDrained(situation: Pick<Situation, "draining" | "held">, options: { openIntents: number }): boolean {
  return situation.draining && situation.held.length === 0 && options.openIntents === 0;
}
