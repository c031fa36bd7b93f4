// Entry of a provider process. Sets what must be set before anything big is loaded, then runs runProcess.ts.
//
// A resting node should be small: V8 keeps its young generation small and favours size over speed (the computing is
// done by worker processes, which don't inherit this), and compiled code is kept between starts, which also saves
// loading the TypeScript stripper.
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--semi-space-growth-factor=1");
setFlagsFromString("--optimize-for-size");

const at = process.argv.indexOf("--home");
const home = at < 0 ? undefined : process.argv[at + 1];
if (getCompileCacheDir() === undefined && home !== undefined) enableCompileCache(join(resolve(home), "cache"));

const { runProcess } = await import("./runProcess.ts");
await runProcess();
