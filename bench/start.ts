// From the command to the first training step: with everything installed, and from a bare clone.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repositoryRoot, startNetwork } from "./network.ts";
import { type Bench, type Figure, figure, mustHold, quantile } from "./report.ts";

const rounds = 3;

export const bench: Bench = {
  name: "start",
  about: "seconds from the start command to the first training step: installed, and from a bare clone",
  run: measure,
};

async function* measure(): AsyncGenerator<Figure> {
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) seconds.push(await installed());
  yield figure("start.first_step_s", { value: quantile(seconds, 0.5), unit: "s" }, { atMost: 20 });
  yield figure("start.fresh_s", { value: await fresh(), unit: "s" });
}

const isStep = (line: { kind: string; [field: string]: unknown }) =>
  line.kind === "progress" && Number(line["step"]) >= 1;

async function installed(): Promise<number> {
  const network = startNetwork(["--once", "--quick"]);
  try {
    return (await network.until(isStep)).atMs / 1000;
  } finally {
    await network.end();
  }
}

/** `git clone` into an empty folder, then `npm start`, as a newcomer would. */
async function fresh(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "weft-fresh-"));
  const clone = join(folder, "weft");
  try {
    const cloned = spawnSync("git", ["clone", "--quiet", repositoryRoot, clone]);
    mustHold(cloned.status === 0, "git clone");
    const begun = performance.now();
    const child = spawn("npm", ["start", "--silent", "--", "--once", "--quick", "--json"], {
      cwd: clone,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = new Promise((exited) => child.once("exit", exited));
    for await (const text of createInterface({ input: child.stdout })) {
      if (!text.startsWith("{") || !isStep(JSON.parse(text))) continue;
      const seconds = (performance.now() - begun) / 1000;
      child.kill("SIGINT");
      await gone;
      return seconds;
    }
    throw new Error("the fresh clone made no step");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
