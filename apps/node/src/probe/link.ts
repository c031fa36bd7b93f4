// The speed of the network link as its card states it: what the kernel says of the interface that carries the default
// route. Not a measurement of what gets through; nothing where the interface is virtual and only invents a number.
import type { ReadFile } from "./cgroup.ts";

/** Interface of the default route in /proc/net/route; undefined when there is none. */
export function defaultInterface(routes: string): string | undefined {
  const rows = routes.split("\n").map((line) => line.split(/\s+/));
  return rows.find(
    ([, destination, , flags]) => destination === "00000000" && (Number.parseInt(flags ?? "", 16) & 1) === 1,
  )?.[0];
}

/** Mbit/s; 0 when it is not known, with the reason. */
export function linkSpeed(read: ReadFile, isPhysical: (name: string) => boolean): { mbps: number; note?: string } {
  const name = defaultInterface(read("/proc/net/route") ?? "");
  if (name === undefined || !/^[\w.:-]{1,15}$/.test(name))
    return { mbps: 0, note: "link speed unknown: no default route" };
  if (!isPhysical(name)) return { mbps: 0, note: `link speed unknown: ${name} is a virtual interface` };
  const mbps = Number.parseInt(read(`/sys/class/net/${name}/speed`) ?? "", 10);
  return mbps > 0 ? { mbps } : { mbps: 0, note: `link speed unknown: ${name} does not state it` };
}
