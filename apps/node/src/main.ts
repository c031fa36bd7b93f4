// Entry of a provider process. Sets what must be set before anything big is loaded, then runs runProcess.ts. Compiled
// code is kept between starts, which also saves loading the TypeScript stripper.
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { v8Flags } from "./v8Flags.ts";

for (const flag of v8Flags) if (!process.execArgv.includes(flag)) setFlagsFromString(flag);

const at = process.argv.indexOf("--home");
const home = at < 0 ? undefined : process.argv[at + 1];
if (getCompileCacheDir() === undefined && home !== undefined) enableCompileCache(join(resolve(home), "cache"));

const { runProcess } = await import("./runProcess.ts");
await runProcess();
