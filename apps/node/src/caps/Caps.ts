// What an owner allows the node to use, and when: plain data, checked once at the edge.
import { WeftError } from "@weft/protocol/Errors";
import { z } from "zod";

/** Minutes of the UTC day; `to` at or before `from` means over midnight, equal means all day. */
const windowShape = z.strictObject({ from: z.int().min(0).max(1439), to: z.int().min(0).max(1439) });

export const shape = z.strictObject({
  /** Threads of all leases together. */
  maxThreads: z.int().min(1).max(65_535),
  memoryMiB: z.int().min(1).max(67_108_864),
  diskMiB: z.int().min(0).max(1_073_741_824),
  /** Units leased at once, over all pools. */
  units: z.int().min(0).max(65_535),
  /** Runtime kinds the owner takes; empty means none. */
  kinds: z.array(z.string().regex(/^[a-z0-9-]{1,16}$/)).max(32),
  /** Hours (UTC) in which new work is taken; absent means always. */
  schedule: z.array(windowShape).min(1).max(16).optional(),
});
export type Caps = z.infer<typeof shape>;

/** @throws WeftError `caps.malformed` naming the field. */
export function parse(value: unknown): Caps {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new WeftError(`the cap ${issue?.path.join(".") || "record"}: ${issue?.message ?? "malformed"}`, {
    code: "caps.malformed",
    remedy: "see `weft node caps --help` for the fields and their limits",
  });
}

/** True when new work may start at `unixSeconds`. */
export function inSchedule(caps: Caps, unixSeconds: bigint): boolean {
  if (caps.schedule === undefined) return true;
  const minute = Number((unixSeconds / 60n) % 1440n);
  return caps.schedule.some(({ from, to }) => {
    if (from === to) return true;
    return from < to ? minute >= from && minute < to : minute >= from || minute < to;
  });
}
