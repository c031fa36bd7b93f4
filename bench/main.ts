// npm run -s bench -- NAME [NAME …] [--json]: sets itself up, prints figures, exits non-zero when a check inside fails.
import type { Bench, Figure } from "./report.ts";

const names = [
  "audit",
  "cheat",
  "court",
  "float32",
  "gas",
  "gpu",
  "infer",
  "learn",
  "lease",
  "matmul",
  "memory",
  "mnist-mlp",
  "start",
  "train",
] as const;

async function load(name: string): Promise<Bench> {
  if (!(names as readonly string[]).includes(name)) throw new Error(`no bench "${name}"; one of: ${names.join(", ")}`);
  const module = (await import(`./${name}.ts`)) as { bench: Bench };
  return module.bench;
}

function line(figure: Figure, json: boolean): string {
  if (json) return JSON.stringify(figure);
  const peer = figure.peer === undefined ? "" : `   ${figure.ratio} × ${figure.peer} (${figure.peerValue})`;
  const limit = figure.limit === undefined ? "" : `   limit ${figure.limit}: ${figure.pass ? "kept" : "MISSED"}`;
  return `${figure.id.padEnd(32)} ${String(figure.value).padStart(12)} ${figure.unit}${limit}${peer}`;
}

const json = process.argv.includes("--json");
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
if (wanted.length === 0) {
  for (const name of names) process.stdout.write(`${name.padEnd(10)} ${(await load(name)).about}\n`);
  process.exit(0);
}
try {
  for (const name of wanted)
    for await (const figure of (await load(name)).run()) process.stdout.write(`${line(figure, json)}\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
