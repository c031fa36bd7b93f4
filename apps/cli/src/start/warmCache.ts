// The first start on a machine finds nothing compiled. One process then compiles what a node loads while chain and keys
// are made; without it, all nodes would do the same work at the same time, each with the TypeScript stripper in memory.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { v8Flags } from "@weft/node/v8Flags";
import { type Home, repositoryRoot } from "../Home.ts";
import { childEnvironment } from "./nodeProcess.ts";

/** A node loads some 700 modules; each leaves a file or two. */
const warmFiles = 600;
const timeoutMs = 20_000;

/** Resolves when the cache is warm, or when that failed or took too long: everything works without it. */
export async function warmCache(home: Home, signal: AbortSignal): Promise<void> {
  if (isWarm(home)) return;
  const script = join(repositoryRoot, "apps/node/src/main.ts");
  const env = { ...process.env, ...childEnvironment(home) };
  await new Promise<void>((done) => {
    execFile(
      process.execPath,
      [...v8Flags, script, "--warm-up"],
      { timeout: timeoutMs, signal, windowsHide: true, env },
      () => done(),
    );
  });
}

/** Code that was changed since is compiled by each node; that is little. */
export function isWarm(home: Home): boolean {
  try {
    return readdirSync(childEnvironment(home).NODE_COMPILE_CACHE, { recursive: true }).length >= warmFiles;
  } catch {
    return false;
  }
}
