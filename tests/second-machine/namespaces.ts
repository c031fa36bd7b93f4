// Two machines on one: network namespaces with a cable (veth pair) between them, each with an address and a loopback
// of its own. What runs in one reaches the other only over that cable, and this machine not at all. Linux, as root.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { conditionHolds } from "../../tools/skips.ts";

export interface Namespace {
  name: string;
  address: string;
}

export interface Cable {
  first: Namespace;
  second: Namespace;
  /** Deletes both, with all their interfaces. What still runs in them loses its network. */
  remove(): void;
}

const installTimeoutMs = 120_000;
const prefix = "weft-";

/** True when namespaces can be made here, after fetching `ip` if that is all that lacks. */
export function namespacesWork(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  if (spawnSync("ip", ["-V"], { stdio: "ignore" }).error !== undefined) install();
  return !conditionHolds("netns");
}

function install(): void {
  const options = {
    stdio: "ignore",
    timeout: installTimeoutMs,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  } as const;
  const get = () => spawnSync("apt-get", ["install", "-y", "--no-install-recommends", "iproute2"], options);
  if (get().status === 0) return;
  spawnSync("apt-get", ["update"], options);
  get();
}

function ip(words: string): void {
  const { status, stderr } = spawnSync("ip", words.split(" "), { encoding: "utf8", timeout: 20_000 });
  if (status !== 0) throw new Error(`ip ${words}: ${stderr?.trim() ?? "no answer"}`);
}

/** Names carry our pid, so that runs at the same time don't meet and a later one finds what a killed one left. */
export function layCable(addresses: readonly [string, string]): Cable {
  sweep();
  const names = ["a", "b"].map((end) => `${prefix}${process.pid}-${end}`) as [string, string];
  const remove = () => {
    for (const name of names) spawnSync("ip", ["netns", "del", name], { stdio: "ignore", timeout: 20_000 });
  };
  process.once("exit", remove);
  try {
    for (const name of names) ip(`netns add ${name}`);
    ip(`link add weft0 netns ${names[0]} type veth peer name weft0 netns ${names[1]}`);
    for (const [index, name] of names.entries()) {
      ip(`-n ${name} address add ${addresses[index]}/24 dev weft0`);
      ip(`-n ${name} link set weft0 up`);
      ip(`-n ${name} link set lo up`);
    }
  } catch (error) {
    remove();
    throw error;
  }
  const [first, second] = names.map((name, index) => ({ name, address: addresses[index] as string }));
  return { first: first as Namespace, second: second as Namespace, remove };
}

/** Removes the namespaces of runs that were killed. */
function sweep(): void {
  const { stdout } = spawnSync("ip", ["netns", "list"], { encoding: "utf8", timeout: 20_000 });
  for (const line of stdout.split("\n")) {
    const [, name, pid] = /^(weft-(\d+)-[ab])\b/.exec(line) ?? [];
    if (name !== undefined && !existsSync(`/proc/${pid}`)) spawnSync("ip", ["netns", "del", name], { stdio: "ignore" });
  }
}
