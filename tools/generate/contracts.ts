// Writes each contract's ABI (`as const`) and creation bytecode as TypeScript under packages/chain/src/generated.
//
// forge (and solc behind it) runs only when the Solidity sources or the compiler pins changed: sources.ts holds their
// hash and the hash of what was written, so a bare clone needs neither, and an edit by hand is noticed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

/** Contracts with a place in the deployment, plus what tests deploy. */
const contractNames = [
  "WeftToken",
  "TestStable",
  "Registry",
  "Channels",
  "Market",
  "Audits",
  "CommitRevealBeacon",
  "DrandBeacon",
  "Courts",
  "Float32Machine",
  "MatmulJudge",
  "IntegerJudge",
  "ArithmeticJudge",
  "RecipeJudge",
  "ReductionJudge",
  "MoveJudge",
  "IndexJudge",
  "JudgeBook",
  "Evidence",
  "Grounds",
  "Games",
  "Court",
  "EpochCourt",
] as const;

const folder = "packages/chain/src/generated";
const sourcesFile = `${folder}/sources.ts`;
const banner = "// Generated from contracts/ by `npm run generate`. Do not edit.\n";
const buildTimeoutMs = 600_000;

/** Hash of everything that decides the bytecode. */
export function sourcesHash(root: string): string {
  const files = globSync("contracts/src/**/*.sol", { cwd: root }).map((path) => path.replaceAll("\\", "/"));
  const hash = createHash("sha256");
  for (const path of [...files.sort(), "contracts/foundry.toml", "contracts/package.json"])
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

function outputsHash(root: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(join(root, folder)).sort())
    if (name !== "sources.ts") hash.update(`\0${name}\0`).update(readFileSync(join(root, folder, name)));
  return hash.digest("hex");
}

const recordOf = (root: string, sources: string): string =>
  `${banner}\n/** sha256 of the Solidity sources and of the files beside this one. */\n` +
  `export const sourcesHash = "${sources}";\nexport const outputsHash = "${outputsHash(root)}";\n`;

/** Paths that no longer follow from the sources; empty when all do. Runs no compiler. */
export function staleContracts(root: string): string[] {
  const path = join(root, sourcesFile);
  if (!existsSync(path)) return [sourcesFile];
  return readFileSync(path, "utf8") === recordOf(root, sourcesHash(root)) ? [] : [sourcesFile];
}

/** Compiles and writes; returns the paths written. @throws Error with forge's output when the sources do not compile */
export function writeContracts(root: string): string[] {
  const sources = sourcesHash(root);
  const out = compile(root);
  rmSync(join(root, folder), { recursive: true, force: true });
  mkdirSync(join(root, folder), { recursive: true });
  const written = contractNames.map((name) => {
    const artifact = readArtifact(out, name);
    const path = `${folder}/${name}.ts`;
    writeFileSync(join(root, path), moduleOf(artifact));
    return path;
  });
  writeFileSync(join(root, sourcesFile), recordOf(root, sources));
  return [...written, sourcesFile];
}

interface Artifact {
  abi: unknown[];
  bytecode: { object: string };
}

function moduleOf(artifact: Artifact): string {
  const entries = artifact.abi.map((entry) => `  ${JSON.stringify(withoutInternals(entry))},`);
  return `${banner}\nexport const abi = [\n${entries.join("\n")}\n] as const;\n\nexport const bytecode = "${artifact.bytecode.object}";\n`;
}

/** Drops `internalType`: it names Solidity types that nothing in TypeScript reads and triples the file. */
function withoutInternals(entry: unknown): unknown {
  if (Array.isArray(entry)) return entry.map(withoutInternals);
  if (typeof entry !== "object" || entry === null) return entry;
  return Object.fromEntries(
    Object.entries(entry)
      .filter(([key]) => key !== "internalType")
      .map(([key, value]) => [key, withoutInternals(value)]),
  );
}

function compile(root: string): string {
  // Its own output folder: a forge test run in contracts/ may be going on at the same time.
  const work = join(root, "node_modules", ".cache", "weft-contracts");
  mkdirSync(work, { recursive: true });
  const run = spawnSync(forgePath(root), ["build", "--skip", "test", "--skip", "script", "--color", "never"], {
    cwd: join(root, "contracts"),
    encoding: "utf8",
    timeout: buildTimeoutMs,
    maxBuffer: 64 * 1024 * 1024,
    env: {
      ...process.env,
      // contracts/bin/solc is a Node script.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
      FOUNDRY_OUT: join(work, "out"),
      FOUNDRY_CACHE_PATH: join(work, "cache"),
    },
  });
  if (run.status !== 0)
    throw new Error(`forge build failed\n${run.stdout}\n${run.stderr}\n${run.error?.message ?? ""}`);
  return join(work, "out");
}

function forgePath(root: string): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const file = process.platform === "win32" ? "forge.exe" : "forge";
  const require = createRequire(join(root, "contracts", "package.json"));
  return require.resolve(`@foundry-rs/forge-${process.platform}-${architecture}/bin/${file}`);
}

function readArtifact(out: string, name: string): Artifact {
  const artifact = JSON.parse(readFileSync(join(out, `${name}.sol`, `${name}.json`), "utf8")) as Artifact;
  if (!/^0x([0-9a-f]{2})+$/.test(artifact.bytecode.object)) throw new Error(`${name} has no linked bytecode`);
  return artifact;
}
