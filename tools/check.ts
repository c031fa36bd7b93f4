// The static checks: types, format and lint, generated files. One line each; exit 1 when one fails.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "./skips.ts";

const bin = (name: string) => join(repositoryRoot, "node_modules", ".bin", name);

const checks: [string, string, string[]][] = [
  ["types", bin("tsc"), ["-p", "."]],
  ["format and lint", bin("biome"), ["check", "--error-on-warnings", "."]],
  ["generated files", process.execPath, ["tools/generate.ts", "--check"]],
];

let failed = false;
for (const [name, command, args] of checks) {
  const started = performance.now();
  const result = spawnSync(command, args, { cwd: repositoryRoot, encoding: "utf8" });
  const ok = result.status === 0;
  process.stdout.write(`${ok ? "ok  " : "FAIL"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
  if (ok) continue;
  failed = true;
  process.stdout.write(`${result.stdout}${result.stderr}\n`);
}
if (failed) process.exitCode = 1;
