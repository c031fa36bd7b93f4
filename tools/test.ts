// Runs the tests: every *.test.ts of the tree (with --deep, every *.deep.ts as well), or the files named.
//
// Reports in node's own format and closes on its counts. Fails on a failed test, on a skip that
// tests/expected-skips.json does not excuse, and on a run that executed nothing.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { readExpectedSkips, repositoryRoot, unexcused } from "./skips.ts";

/** Of one file, on a machine many times slower than one's own. */
const fileTimeoutMs = 1_800_000;
const deepFileTimeoutMs = 7_200_000;

/** Minutes each, or minutes of waiting: started first, so that none of them runs on alone at the end. */
const LONGEST = ["contracts/forge.test.ts", "tests/second-machine/join.test.ts", "tests/chaos/processes.test.ts"];

function longestFirst(files: string[]): string[] {
  const rank = (file: string) => (LONGEST.includes(file) ? LONGEST.indexOf(file) : LONGEST.length);
  return files.sort().sort((a, b) => rank(a) - rank(b));
}

function testFiles(deep: boolean, named: string[]): string[] {
  if (named.length > 0) return globSync(named, { cwd: repositoryRoot });
  const patterns = ["{packages,apps}/*/src/**/*.test.ts", "{contracts,kernels,tests,tools,bench}/**/*.test.ts"];
  if (deep) patterns.push("{packages,apps,contracts,kernels,tests}/**/*.deep.ts");
  const ignored = (path: string) => path.includes("node_modules");
  return longestFirst(globSync(patterns, { cwd: repositoryRoot, exclude: ignored }));
}

/** `npm test` checks types, format and layering first: they are the cheapest way to fail. */
function staticChecks(): void {
  const { status } = spawnSync(process.execPath, ["tools/check.ts"], { cwd: repositoryRoot, stdio: "inherit" });
  if (status === 0) return;
  process.stderr.write("the static checks failed; `npm run format` mends format, `npm run generate` generated files\n");
  process.exit(1);
}

async function main(): Promise<void> {
  const deep = process.argv.includes("--deep");
  const named = process.argv.slice(2).filter((word) => !word.startsWith("--"));
  if (named.length === 0 && !process.argv.includes("--no-check")) staticChecks();
  // Every test file is a process: what they share is stripped and compiled once.
  process.env["NODE_COMPILE_CACHE"] ??= join(repositoryRoot, "node_modules", ".cache", "weft-compile");
  const files = testFiles(deep, named);
  const skipped: string[] = [];
  let executed = 0;
  let failed = false;
  const timeout = files.some((file) => file.endsWith(".deep.ts")) ? deepFileTimeoutMs : fileTimeoutMs;
  const stream = run({ files, cwd: repositoryRoot, concurrency: 2, timeout });
  stream.on("test:pass", (event) => {
    if (event.skip !== undefined && event.skip !== false) skipped.push(event.name);
    else if (event.details.type !== "suite") executed += 1;
  });
  stream.on("test:fail", (event) => {
    failed = true;
    process.stderr.write(`failed: ${event.name} (${relative(repositoryRoot, event.file ?? "")})\n`);
  });
  stream.compose(spec).pipe(process.stdout);
  await new Promise((done) => stream.on("end", done));
  const complaints = unexcused(skipped, readExpectedSkips());
  for (const complaint of complaints) process.stderr.write(`skip not excused: ${complaint}\n`);
  if (executed === 0) process.stderr.write("no test was executed\n");
  if (failed || complaints.length > 0 || executed === 0) process.exitCode = 1;
}

await main();
