// What a running node says of its disputes, in home/disputes.json: the process holds its store alone, so whoever wants to show
// them (`weft status`, `weft dispute`) reads this small file. Absent until there was one.
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { DisputeStatus } from "./court/DisputeStatus.ts";

const hex = z.string().regex(/^0x[0-9a-f]*$/) as unknown as z.ZodType<`0x${string}`>;
const text = z.string().max(512);
const shape: z.ZodType<DisputeStatus[]> = z
  .array(
    z.object({
      ...{ commitment: hex, leaseId: hex, segment: z.int(), side: z.enum(["defender", "rival"]), state: text },
      ...{ game: hex.optional(), ground: z.enum(["fields", "nan", "start", "history"]).optional() },
      ...{ level: text.optional(), step: text.optional(), until: z.int().optional(), gasUsed: text.optional() },
      ...{ code: text.optional(), why: text.optional() },
    }),
  )
  .max(256) as never;

const maxBytes = 1_048_576;
const pathIn = (home: string): string => join(home, "disputes.json");

/** Complete or not at all. */
export function writeDisputes(home: string, disputes: readonly DisputeStatus[]): void {
  const path = pathIn(home);
  writeFileSync(`${path}.part`, `${JSON.stringify(disputes.slice(0, 256))}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

/** What the file says; empty when there is none or it is not readable. */
export function readDisputes(home: string): DisputeStatus[] {
  try {
    if (statSync(pathIn(home)).size > maxBytes) return [];
    return shape.parse(JSON.parse(readFileSync(pathIn(home), "utf8")));
  } catch {
    return [];
  }
}
