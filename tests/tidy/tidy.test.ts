// The house rules that a machine can hold, apart from those the linter holds (function length, import cycles):
// layers, file length, names, banned calls, docs that exist. Imports are read as text.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../tools/skips.ts";

const maxFileLines = 400;
const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");
const isTest = (path: string) => /\.((test|deep)\.ts|t\.sol)$/.test(path) || /ompliance\.ts$/.test(path);
const excluded = (path: string) => path.includes("node_modules") || path.includes("generated");
const sources = globSync(["{packages,apps}/*/src/**/*.ts", "{tools,bench,tests}/**/*.ts"], {
  cwd: repositoryRoot,
  exclude: excluded,
});
const solidity = globSync("contracts/{src,test}/**/*.sol", { cwd: repositoryRoot, exclude: excluded });

/** Higher may import lower. Equal ones are siblings and may not, `tensor` (imported by its own layer) excepted. */
const layers: Record<string, number> = {
  protocol: 0,
  tensor: 1,
  market: 1,
  verification: 1,
  compute: 2,
  chain: 3,
  transport: 3,
  host: 3,
  court: 4,
  node: 5,
  gateway: 5,
  cli: 6,
  testkit: 7,
};
const importable = new Set(["tensor"]);

function packageOf(path: string): string | undefined {
  return /^(?:packages|apps)\/([^/]+)\//.exec(path)?.[1];
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*["'](@weft\/[a-z]+)\/[^"']*["']/g)].map((match) =>
    (match[1] as string).slice("@weft/".length),
  );
}

/** The complaint about one import, or undefined when the layering allows it. */
export function layerComplaint(from: string, to: string): string | undefined {
  if (from === to) return undefined;
  const [above, below] = [layers[from], layers[to]];
  if (above === undefined || below === undefined) return `${from} → ${to}: unknown package`;
  if (above > below || (above === below && importable.has(to))) return undefined;
  return `${from} (layer ${above}) must not import ${to} (layer ${below})`;
}

test("layers: imports only go down, siblings never import each other", () => {
  const complaints = sources.flatMap((path) => {
    const from = packageOf(path);
    if (from === undefined || isTest(path)) return [];
    return importsOf(read(path))
      .map((to) => layerComplaint(from, to))
      .filter((complaint) => complaint !== undefined)
      .map((complaint) => `${path}: ${complaint}`);
  });
  assert.deepEqual(complaints, []);
  assert.ok(layerComplaint("protocol", "market") !== undefined, "the rule itself can fail");
  assert.ok(layerComplaint("market", "verification") !== undefined, "siblings are refused");
});

test("files: at most 400 lines, no catch-all names, no barrels", () => {
  assert.ok(solidity.length > 30, "the Solidity sources are where they are looked for");
  const complaints = [...sources, ...solidity].flatMap((path) => {
    const text = read(path);
    const lines = text.split("\n").length - 1;
    const found: string[] = [];
    if (lines > maxFileLines && !isTest(path)) found.push(`${path}: ${lines} lines, limit ${maxFileLines}`);
    if (/^(utils?|common|misc|helpers?)\.(ts|sol)$/i.test(basename(path))) found.push(`${path}: name says nothing`);
    if (basename(path) === "index.ts") found.push(`${path}: barrels are not used here`);
    return found;
  });
  assert.deepEqual(complaints, []);
});

test("domain packages know no clock, no randomness and no I/O", () => {
  const pure = ["protocol", "market", "verification"];
  const banned: [RegExp, string][] = [
    [/\bDate\.now\(|\bnew Date\(\)|performance\.now\(/, "reads the clock"],
    [/\bMath\.random\(|getRandomValues|randomBytes\(/, "draws randomness"],
    [/from "node:(fs|net|http|https|child_process|sqlite|worker_threads)/, "does I/O"],
    [/\bsetTimeout\(|\bsetInterval\(/, "waits"],
    [/@weft\/(chain|transport)\//, "imports an adapter"],
  ];
  const complaints = sources
    .filter((path) => pure.includes(packageOf(path) ?? "") && !isTest(path))
    .flatMap((path) => banned.filter(([pattern]) => pattern.test(read(path))).map(([, why]) => `${path}: ${why}`));
  assert.deepEqual(complaints, []);
});

test("what is computed depends on no clock, randomness, locale, environment or number of cores", () => {
  const exact = ["protocol", "tensor", "market", "verification"];
  const banned: [RegExp, string][] = [
    [/\bDate\.now\(|\bnew Date\(|performance\.now\(/, "reads the clock"],
    [/\bMath\.random\(|getRandomValues|randomBytes\(/, "draws randomness"],
    [/localeCompare|\.toLocale[A-Z]|\bIntl\./, "depends on a locale"],
    [/process\.env|availableParallelism|from "node:os"/, "depends on the machine"],
  ];
  const complaints = sources
    .filter((path) => exact.includes(packageOf(path) ?? "") && !isTest(path) && !path.endsWith("Fixture.ts"))
    .flatMap((path) => banned.filter(([pattern]) => pattern.test(read(path))).map(([, why]) => `${path}: ${why}`));
  assert.deepEqual(complaints, []);
  assert.ok(banned.every(([pattern]) => pattern.test("Date.now() randomBytes( x.toLocaleString process.env")));
});

test("source holds no unfinished marks and no stray console output", () => {
  const complaints = sources
    .filter((path) => !isTest(path) && packageOf(path) !== undefined)
    .flatMap((path) => {
      const text = read(path);
      const found: string[] = [];
      if (/\b(TODO|FIXME|XXX)\b/.test(text)) found.push(`${path}: unfinished mark`);
      if (/\bconsole\.(log|error|warn)\(/.test(text)) found.push(`${path}: console output (use the logger)`);
      return found;
    });
  assert.deepEqual(complaints, []);
});

test("every dependency is exact-pinned and has its line in docs/dependencies.md", () => {
  const documented = existsSync(join(repositoryRoot, "docs/dependencies.md")) ? read("docs/dependencies.md") : "";
  const manifests = globSync(
    ["package.json", "{packages,apps}/*/package.json", "{contracts,kernels,bench/peers}/package.json"],
    {
      cwd: repositoryRoot,
    },
  );
  const complaints = manifests.flatMap((path) => {
    const manifest = JSON.parse(read(path));
    return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).flatMap(([name, version]) => {
      if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version))) return [`${path}: ${name} ${version} is not exact`];
      return name.startsWith("@weft/") || documented.includes(`\`${name}\``) ? [] : [`${name} is not documented`];
    });
  });
  assert.deepEqual([...new Set(complaints)], []);
});
