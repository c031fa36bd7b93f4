// Installing from the npm registry, for the bootstrap (up.mjs) and for the benches' peers (peers.ts). Dependency-free,
// for Node 18 or newer. Errors carry a `remedy`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const lockTimeoutMs = 600_000;

/** An error with what to do about it. */
export function problem(message, remedy) {
  return Object.assign(new Error(message), { remedy });
}

/** Path of npm's own script, so that it can be run under whichever Node we choose; undefined when only a shim exists. */
function npmScript() {
  const named = process.env.npm_execpath;
  if (named?.endsWith("npm-cli.js")) return named;
  if (named?.endsWith("npx-cli.js")) return join(dirname(named), "npm-cli.js");
  const besides = [
    join(dirname(process.execPath), "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
    join(dirname(process.execPath), "node_modules", "npm", "bin", "npm-cli.js"),
    "/usr/share/nodejs/npm/bin/npm-cli.js",
  ];
  return besides.find((candidate) => existsSync(candidate));
}

/** `npm install` in `cwd` under the Node at `executable`, without scripts. Throws with a remedy. */
export function npmInstall(executable, cwd, what) {
  process.stderr.write(`weft: installing ${what} …\n`);
  const flags = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const script = npmScript();
  const environment = { ...process.env };
  // Settings npm hands to its scripts would make the inner npm act on the outer command's folder.
  for (const key of Object.keys(environment))
    if (/^npm_(config_|package_|lifecycle_|command)/i.test(key)) delete environment[key];
  environment.PATH = `${dirname(executable)}${process.platform === "win32" ? ";" : ":"}${environment.PATH ?? ""}`;
  const run = script
    ? spawnSync(executable, [script, ...flags], { cwd, env: environment, stdio: ["ignore", "ignore", "inherit"] })
    : spawnSync("npm", flags, {
        cwd,
        env: environment,
        stdio: ["ignore", "ignore", "inherit"],
        shell: process.platform === "win32",
      });
  if (run.status !== 0)
    throw problem(
      `installing ${what} failed (npm exit ${run.status ?? run.signal})`,
      "check that the npm registry can be reached, then run the same command again",
    );
}

/** Runs `work` while holding a folder lock, so that two commands started at once do not install over each other. */
export async function withLock(path, work) {
  const started = Date.now();
  for (;;) {
    try {
      mkdirSync(path);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > lockTimeoutMs) rmSync(path, { recursive: true, force: true });
    if (Date.now() - started > lockTimeoutMs)
      throw problem(`another set-up holds ${path}`, "wait for it, or delete that folder");
    await new Promise((wake) => setTimeout(wake, 200));
  }
  try {
    return work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
