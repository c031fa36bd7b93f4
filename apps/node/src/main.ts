// Entry of a provider process. Compiled code is kept between starts, which also saves loading the TypeScript stripper;
// that must be set before anything big is loaded, which is runProcess.ts.
import { mkdirSync } from "node:fs";
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { join, resolve } from "node:path";

const at = process.argv.indexOf("--home");
const home = at < 0 ? undefined : process.argv[at + 1];
if (getCompileCacheDir() === undefined && home !== undefined) keepCompiled(join(resolve(home), "cache"));

// Loads what a node loads and ends, leaving the compiled code behind for the nodes that are started next.
if (process.argv[2] === "--warm-up") await import("./warmUp.ts");
else await (await import("./runProcess.ts")).runProcess();

/** Only in a folder that can be made: below /proc and its like, making it with its parents never returns. */
function keepCompiled(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") return;
  }
  enableCompileCache(folder);
}
