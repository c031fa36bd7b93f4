// Room on the disk of a node's home. Every promise is on disk before it is made, so a node without room ends, with its
// exit code, rather than go on half: everything is safe, and the next start goes on from there.
import { statfsSync } from "node:fs";
import { WeftError } from "@weft/protocol/Errors";

/** Below this a node can't even keep its journals for long. */
const leastToStart = 64 * 1024 * 1024;
/** Room to end in an orderly way. */
const leastToRun = 8 * 1024 * 1024;

/** @throws WeftError `disk.full` */
export function checkRoom(home: string, state: "starting" | "running"): void {
  const { bavail, bsize } = statfsSync(home);
  const least = state === "starting" ? leastToStart : leastToRun;
  if (bavail * bsize >= least) return;
  throw new WeftError(`the disk of ${home} is full`, {
    code: "disk.full",
    fault: "us",
    details: { freeMiB: Math.floor((bavail * bsize) / 1048576), needMiB: least / 1048576 },
    remedy: "free disk space, or start with --home on another disk",
  });
}
