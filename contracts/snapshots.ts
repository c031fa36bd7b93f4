// What a change may not alter unseen: gas of the key calls, code sizes, ABIs, storage layouts. Each is a file in
// snapshots/, committed and diffed here. `node contracts/snapshots.ts` compares, `--write` renews.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const folder = join(root, "snapshots");

const deployed = [
  "ArithmeticJudge",
  "Audits",
  "Channels",
  "CommitRevealBeacon",
  "Court",
  "Courts",
  "EpochCourt",
  "Evidence",
  "Games",
  "Grounds",
  "DrandBeacon",
  "IndexJudge",
  "IntegerJudge",
  "JudgeBook",
  "Market",
  "MatmulJudge",
  "MoveJudge",
  "RecipeJudge",
  "ReductionJudge",
  "Registry",
  "TestStable",
  "WeftToken",
] as const;

/** EIP-170. */
const maxRuntimeBytes = 24_576;
/** A cold compile takes two minutes of two cores, many times that where others work too. */
const timeoutMs = 2_400_000;
/** The deep profile takes a quarter of an hour of one core. */
export const deepTimeoutMs = 6_000_000;

type Parameter = { type: string; indexed?: boolean; components?: Parameter[] };
type Entry = { type: string; name?: string; stateMutability?: string; inputs?: Parameter[]; outputs?: Parameter[] };
type Slot = { label: string; offset: number; slot: string; type: string };
type Layout = {
  storage: Slot[];
  types: Record<string, { label: string; numberOfBytes: string; members?: Slot[] }> | null;
};
type Artifact = { abi: Entry[]; deployedBytecode: { object: string }; storageLayout: Layout };

/** The native forge of this platform. */
export function forgePath(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const file = process.platform === "win32" ? "forge.exe" : "forge";
  return createRequire(import.meta.url).resolve(`@foundry-rs/forge-${process.platform}-${architecture}/bin/${file}`);
}

type ForgeRun = { readonly env?: Readonly<Record<string, string>>; readonly timeoutMs?: number };

/** @returns forge's exit status and all its output */
export function forge(args: readonly string[], given: ForgeRun = {}): { ok: boolean; output: string } {
  // contracts/bin/solc is a Node script: this Node comes first.
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
  const options = { cwd: root, encoding: "utf8", timeout: given.timeoutMs ?? timeoutMs, maxBuffer: 2 ** 26 } as const;
  const run = spawnSync(forgePath(), [...args, "--color", "never"], {
    ...options,
    env: { ...process.env, PATH: path, ...given.env },
  });
  return { ok: run.status === 0, output: `${run.stdout}${run.stderr}${run.error?.message ?? ""}` };
}

const typeOf = (parameter: Parameter): string =>
  parameter.components === undefined
    ? parameter.type
    : parameter.type.replace("tuple", `(${parameter.components.map(typeOf).join(",")})`);

function signature(entry: Entry): string {
  const inputs = (entry.inputs ?? []).map((input) => `${typeOf(input)}${input.indexed === true ? " indexed" : ""}`);
  const outputs = (entry.outputs ?? []).map(typeOf).join(",");
  const tail = entry.type === "function" ? ` ${entry.stateMutability ?? ""} returns (${outputs})` : "";
  return `${entry.type} ${entry.name ?? ""}(${inputs.join(",")})${tail}`;
}

/** Every variable and struct member with its place; type ids of the compiler, which change by themselves, left out. */
function layoutOf({ storage, types }: Layout): Record<string, string[]> {
  const line = (slot: Slot) => `${slot.slot}+${slot.offset} ${slot.label}: ${types?.[slot.type]?.label ?? slot.type}`;
  const structs = Object.values(types ?? {}).filter((type) => type.members !== undefined);
  const entries = structs.map((type) => [type.label, (type.members ?? []).map(line)] as const).sort();
  return { variables: storage.map(line), ...Object.fromEntries(entries) };
}

function artifact(name: string): Artifact {
  return JSON.parse(readFileSync(join(root, "out", `${name}.sol`, `${name}.json`), "utf8")) as Artifact;
}

/** file name → content, from the artifacts of the last build. @throws Error when a contract is too large to deploy */
function fromArtifacts(): Map<string, string> {
  const files = new Map<string, string>();
  const sizes: Record<string, number> = {};
  for (const name of deployed) {
    const { abi, deployedBytecode, storageLayout } = artifact(name);
    sizes[name] = (deployedBytecode.object.length - 2) / 2;
    if (sizes[name] > maxRuntimeBytes)
      throw new Error(`${name} has ${sizes[name]} bytes, the limit is ${maxRuntimeBytes}`);
    files.set(`${name}.abi.json`, json(abi.map(signature).sort()));
    files.set(`${name}.storage.json`, json(layoutOf(storageLayout)));
  }
  return files.set("sizes.json", json(sizes));
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Names of the snapshots that differ from what the sources give now; with `write`, those that were renewed. */
export function staleSnapshots(options: { write: boolean }): string[] {
  const built = forge(["build"]);
  if (!built.ok) throw new Error(built.output);
  mkdirSync(folder, { recursive: true });
  const stale: string[] = [];
  for (const [name, content] of fromArtifacts()) {
    const path = join(folder, name);
    if (existsSync(path) && readFileSync(path, "utf8") === content) continue;
    stale.push(name);
    if (options.write) writeFileSync(path, content);
  }
  return stale;
}

/** A changed parameter changes hashes and signatures, and with them a few zero bytes of calldata. */
const gasTolerance = 0.002;

/** Calls whose gas differs from the committed Gas.json, which stays as it is unless `write`; and forge's own verdict. */
export function gasSnapshot(options: { write: boolean }): { ok: boolean; changed: string[]; output: string } {
  const path = join(folder, "Gas.json");
  const committed = existsSync(path) ? readFileSync(path, "utf8") : "{}";
  const run = forge(["test", "--match-path", "test/*Gas.t.sol"], { env: { FORGE_SNAPSHOT_EMIT: "true" } });
  const now = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  const before = JSON.parse(committed) as Record<string, string>;
  if (!options.write) writeFileSync(path, committed);
  const names = [...new Set([...Object.keys(now), ...Object.keys(before)])];
  const differs = (name: string) => !(Math.abs(Number(now[name]) / Number(before[name]) - 1) <= gasTolerance);
  const changed = names.filter(differs).map((name) => `${name}: ${before[name]} before, ${now[name]} now`);
  return { ...run, changed };
}

function main(): void {
  const write = process.argv.includes("--write");
  const stale = staleSnapshots({ write });
  const gas = gasSnapshot({ write });
  if (!gas.ok) process.stderr.write(gas.output);
  for (const line of gas.changed) process.stdout.write(`${line}\n`);
  if (stale.length > 0) process.stdout.write(`${write ? "renewed" : "differ"}: ${stale.join(", ")}\n`);
  if (!gas.ok || (stale.length + gas.changed.length > 0 && !write)) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
