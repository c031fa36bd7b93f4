// Limits that the surrounding control group sets on this process: CPU quota and memory, cgroup v1, hybrid and v2.
// Pure over a reader of files, so that every layout is tested. Limits of parent groups count as well.
// Source: kernel documentation, admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.

/** Text of a file, undefined when there is none or it can't be read. */
export type ReadFile = (path: string) => string | undefined;

export interface CgroupLimits {
  /** CPUs, such as 1.5; undefined without a quota. */
  cpus: number | undefined;
  memoryBytes: number | undefined;
}

/** Deeper nesting than this is not followed. */
const maxDepth = 16;

interface Mounts {
  v2?: string;
  cpu?: string;
  memory?: string;
}

/** Where the hierarchies are mounted, from /proc/self/mountinfo. */
function mountsOf(text: string): Mounts {
  const mounts: Mounts = {};
  for (const line of text.split("\n").slice(0, 4096)) {
    const [left = "", right = ""] = line.split(" - ");
    const at = left.split(" ")[4];
    const [type, , options = ""] = right.split(" ");
    if (at === undefined) continue;
    if (type === "cgroup2") mounts.v2 ??= at;
    if (type !== "cgroup") continue;
    const controllers = options.split(",");
    if (controllers.includes("cpu")) mounts.cpu ??= at;
    if (controllers.includes("memory")) mounts.memory ??= at;
  }
  return mounts;
}

/** Group path per controller ("" is v2), from /proc/self/cgroup. */
function groupsOf(text: string): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split("\n").slice(0, 64)) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    for (const controller of match?.[1]?.split(",") ?? []) groups.set(controller, match?.[2] as string);
  }
  return groups;
}

/** The mount itself and every folder down to the group; inside a container the group's path may not exist below it. */
function foldersOf(mount: string | undefined, group: string | undefined): string[] {
  if (mount === undefined) return [];
  const parts = (group ?? "/").split("/").filter((part) => part !== "" && part !== "..");
  return [mount, ...parts.slice(0, maxDepth).map((_, depth) => `${mount}/${parts.slice(0, depth + 1).join("/")}`)];
}

const smallest = (values: (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

const positive = (text: string | undefined): number | undefined => {
  const value = Number(text?.trim());
  return Number.isFinite(value) && value > 0 ? value : undefined;
};

/** v1 writes "no limit" as a huge page-rounded number. */
const noLimit = 2 ** 60;

function quota(limit: number | undefined, period: number | undefined): number | undefined {
  return limit === undefined || period === undefined ? undefined : limit / period;
}

export function cgroupLimits(read: ReadFile): CgroupLimits {
  const mounts = mountsOf(read("/proc/self/mountinfo") ?? "");
  const groups = groupsOf(read("/proc/self/cgroup") ?? "");
  const v2 = foldersOf(mounts.v2, groups.get(""));
  const cpusV2 = v2.map((folder) => {
    const [limit, period] = (read(`${folder}/cpu.max`) ?? "").trim().split(" ");
    return quota(positive(limit), positive(period));
  });
  const cpusV1 = foldersOf(mounts.cpu, groups.get("cpu")).map((folder) =>
    quota(positive(read(`${folder}/cpu.cfs_quota_us`)), positive(read(`${folder}/cpu.cfs_period_us`))),
  );
  const memoryV1 = foldersOf(mounts.memory, groups.get("memory")).map((folder) =>
    positive(read(`${folder}/memory.limit_in_bytes`)),
  );
  const memory = smallest([...v2.map((folder) => positive(read(`${folder}/memory.max`))), ...memoryV1]);
  return {
    cpus: smallest([...cpusV2, ...cpusV1]),
    memoryBytes: memory === undefined || memory >= noLimit ? undefined : memory,
  };
}
