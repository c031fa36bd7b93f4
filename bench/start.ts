// From `npm start` to the first training step: with everything installed, and from a bare clone. Also CPU time, which
// says more than wall time on a busy machine, and when each phase was over, which shows the critical path.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Line, repositoryRoot } from "./network.ts";
import { cpuSeconds } from "./processes.ts";
import { type Bench, type Figure, figure, mustHold, quantile } from "./report.ts";

const rounds = 3;
/** A fresh clone may have to fetch Node and all packages. */
const limitMs = 900_000;

export const bench: Bench = {
  name: "start",
  about: "seconds from `npm start` to the first training step: installed, and from a bare clone",
  run: measure,
};

interface Begun {
  /** Seconds after the command: each phase of the start, then the job's events up to `step`. */
  at: Map<string, number>;
  /** Of all processes together, up to the first step; undefined where /proc is missing. */
  cpuSeconds: number | undefined;
}

async function* measure(): AsyncGenerator<Figure> {
  const begun: Begun[] = [];
  for (let round = 0; round < rounds; round++) begun.push(await installed());
  const median = begun.toSorted((a, b) => stepAt(a) - stepAt(b))[Math.floor(rounds / 2)] as Begun;
  yield figure("start.first_step_s", { value: stepAt(median), unit: "s" }, { atMost: 20 });
  const cpu = begun.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
  if (cpu.length > 0) yield figure("start.first_step_cpu_s", { value: quantile(cpu, 0.5), unit: "s" });
  for (const [mark, seconds] of median.at) yield figure(`start.until_${mark}_s`, { value: seconds, unit: "s" });
  yield figure("start.fresh_s", { value: stepAt(await fresh()), unit: "s" });
}

const stepAt = ({ at }: Begun): number => at.get("step") ?? Number.NaN;

async function installed(): Promise<Begun> {
  const folder = mkdtempSync(join(tmpdir(), "weft-bench-"));
  try {
    return await untilFirstStep(repositoryRoot, ["--home", folder]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `git clone` into an empty folder, then `npm start`, as a newcomer would. */
async function fresh(): Promise<Begun> {
  const folder = mkdtempSync(join(tmpdir(), "weft-fresh-"));
  try {
    const clone = join(folder, "weft");
    mustHold(spawnSync("git", ["clone", "--quiet", repositoryRoot, clone]).status === 0, "git clone");
    return await untilFirstStep(clone, []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function untilFirstStep(checkout: string, flags: readonly string[]): Promise<Begun> {
  const begun = performance.now();
  const child = spawn("npm", ["start", "--silent", "--", "--once", "--quick", "--json", ...flags], {
    ...{ cwd: checkout, env: ownEnvironment(), stdio: ["ignore", "pipe", "inherit"], detached: true },
  });
  const gone = new Promise((exited) => child.once("exit", exited));
  const limit = setTimeout(() => interrupt(child), limitMs);
  const at = new Map<string, number>();
  try {
    for await (const text of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      const mark = text.startsWith("{") ? markOf(JSON.parse(text) as Line) : undefined;
      if (mark === undefined || at.has(mark)) continue;
      at.set(mark, (performance.now() - begun) / 1000);
      if (mark === "step") return { at, cpuSeconds: cpuSeconds(child.pid as number) };
    }
    throw new Error("`npm start` ended before it made a step");
  } finally {
    clearTimeout(limit);
    interrupt(child);
    await gone;
  }
}

function markOf(line: Line): string | undefined {
  if (line.kind === "phase") return String(line["phase"]);
  if (line.kind === "progress") return Number(line["step"]) >= 1 ? "step" : undefined;
  return ["created", "auction", "lease"].includes(line.kind) ? line.kind : undefined;
}

/** Ctrl-C: the whole group gets it, as from a terminal. */
function interrupt(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), "SIGINT");
}

/** The machine's own environment: without what npm and our bootstrap added for this bench. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const added =
    /^(npm_(lifecycle|package|command|execpath|node_execpath)|INIT_CWD$|NODE_COMPILE_CACHE$|WEFT_BOOTSTRAP$)/;
  const kept = Object.entries(process.env).filter(([name]) => !added.test(name));
  const path = (process.env["PATH"] ?? "").split(":");
  const own = path.filter((part) => !part.startsWith(repositoryRoot) && !/node_modules|node-gyp-bin/.test(part));
  return { ...Object.fromEntries(kept), PATH: own.join(":") };
}
