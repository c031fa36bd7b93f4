// The owner's switch of a running node: home/control.json with {"state":"open"|"paused"|"draining"}. The running process
// holds its store alone, so whoever wants to pause it writes this small file and the node follows.
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Openness } from "./startNode.ts";

const shape = z.object({ state: z.enum(["open", "paused", "draining"]) });

const controlPath = (home: string): string => join(home, "control.json");

/** Sets the switch, whether the node runs or not. Complete or not there at all. */
export function writeControl(home: string, state: Openness): void {
  const path = controlPath(home);
  writeFileSync(`${path}.part`, `${JSON.stringify({ state })}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

/** What the file says, or undefined when there is none or it is not readable. */
export function readControl(home: string): Openness | undefined {
  try {
    if (statSync(controlPath(home)).size > 4096) return undefined;
    return shape.parse(JSON.parse(readFileSync(controlPath(home), "utf8"))).state;
  } catch {
    return undefined;
  }
}
