// For tests: the command line as a process of its own.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "./Home.ts";

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs `weft WORDS` in a folder with these variables besides, to its end or for five minutes. */
export function runCli(
  words: readonly string[],
  { cwd, environment }: { cwd: string; environment: Record<string, string> },
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(repositoryRoot, "apps/cli/src/main.ts"), ...words], {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 300_000,
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (piece) => (out += piece));
    child.stderr.on("data", (piece) => (err += piece));
    child.on("close", (code) => resolve({ code, out, err }));
  });
}
