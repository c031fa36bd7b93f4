// What processes take, from /proc.
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Resident memory of a process in MiB. */
export function rssMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** Processes whose command line has all these words. */
export function processesWith(...words: string[]): number[] {
  return allProcesses().filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return words.every((word) => command.includes(word));
    } catch {
      return false;
    }
  });
}

const allProcesses = (): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** Ticks a second in /proc/PID/stat; fixed on Linux, whatever the kernel's own clock. */
const ticks = 100;

/** CPU time of a process and all below it, ended ones that were waited for included; undefined without /proc. */
export function cpuSeconds(root: number): number | undefined {
  if (!existsSync("/proc/self/stat")) return undefined;
  const all = new Map(allProcesses().flatMap((pid) => statOf(pid) ?? []));
  const family = [root];
  // Grows while it is walked: children of children are found in turn.
  for (const pid of family) for (const [child, { parent }] of all) if (parent === pid) family.push(child);
  return family.reduce((sum, pid) => sum + (all.get(pid)?.seconds ?? 0), 0);
}

function statOf(pid: number): [[number, { parent: number; seconds: number }]] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the command name, which may hold spaces: state, parent, …; fields 14 to 17 are user, system, and the same
    // of children that ended.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const seconds = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / ticks;
    return [[pid, { parent: Number(fields[1]), seconds }]];
  } catch {
    return undefined;
  }
}
