// The development chain's state on disk, so that no moment at which anvil or this machine dies leaves none behind.
//
// anvil writes a dump in place, from the file's beginning. So it never writes the file that the chain starts from: it
// dumps to `dump`, which is moved to `moved`, looked at, and only then takes the place of `state`. Once a dump is moved,
// anvil's next one is another file; what may still come into the moved one is the end of the dump that was under way.
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { WeftError } from "@weft/protocol/Errors";

export interface StateFiles {
  /** anvil writes here, in place. */
  dump: string;
  /** A dump that anvil does not begin again. */
  moved: string;
  /** Always whole: the chain starts from it. */
  state: string;
}

export const stateFiles = (folder: string): StateFiles => ({
  dump: join(folder, "state.dump.json"),
  moved: join(folder, "state.moved.json"),
  state: join(folder, "state.json"),
});

/** The last member of anvil's dump, without history; a piece cut off within the dump does not end so. */
const lastMember = /"historical_states":null\}\s*$/;
const tailBytes = 64;

/** Whether the file holds a dump to its end. */
export function isWhole(path: string): boolean {
  if (!existsSync(path)) return false;
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    readSync(file, tail, 0, tail.length, size - tail.length);
    return lastMember.test(tail.toString("latin1"));
  } finally {
    closeSync(file);
  }
}

/**
 * Puts the newest whole dump in place; for when no anvil runs. Returns the file to start from, undefined for a new chain.
 * @throws WeftError `home.damaged` when there is a state but no whole one
 */
export function settleState(folder: string): string | undefined {
  const { dump, moved, state } = stateFiles(folder);
  const newest = [dump, moved].find(isWhole);
  if (newest !== undefined) {
    const file = openSync(newest, "r");
    fsyncSync(file);
    closeSync(file);
    renameSync(newest, state);
  }
  for (const rest of [dump, moved]) rmSync(rest, { force: true });
  // A chain whose first dump was cut off is as one that was ended before its first: it begins anew.
  if (!existsSync(state)) return undefined;
  if (isWhole(state)) return state;
  throw new WeftError(`the development chain's state ${state} is cut off`, {
    code: "home.damaged",
    fault: "us",
    remedy: "begin anew with `weft reset`, or put a copy of that file in its place",
  });
}

/** One look while anvil runs: what it has dumped to the end becomes the state. Call it one at a time. */
export async function keepState(folder: string): Promise<void> {
  const { dump, moved, state } = stateFiles(folder);
  if (!existsSync(moved)) await rename(dump, moved).catch(unlessAbsent);
  const begunAnother = existsSync(dump);
  if (isWhole(moved)) {
    const file = await open(moved, "r");
    await file.sync();
    await file.close();
    await rename(moved, state);
  }
  // anvil writes one dump after the other: what is not whole when the next one is there never will be (a full disk).
  else if (begunAnother) await rm(moved, { force: true });
}

function unlessAbsent(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
