// Writes every generated file of the tree, or with --check says which are stale (exit 1).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkParams, type ParamsFile, paramsSolidity, paramsTypeScript } from "./generate/params.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** path → content of every generated text file. */
export function generatedFiles(): Map<string, string> {
  const params = JSON.parse(readFileSync(join(root, "spec", "params.json"), "utf8")) as ParamsFile;
  checkParams(params);
  return new Map([
    ["packages/protocol/src/generated/params.ts", paramsTypeScript(params)],
    ["contracts/src/generated/Params.sol", paramsSolidity(params)],
  ]);
}

/** Paths whose content on disk differs from what the sources give. */
export function staleFiles(): string[] {
  return [...generatedFiles()]
    .filter(([path, content]) => !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== content)
    .map(([path]) => path);
}

function main(): void {
  const check = process.argv.includes("--check");
  for (const path of staleFiles()) {
    if (check) {
      process.exitCode = 1;
      process.stderr.write(`stale: ${path} (run npm run generate)\n`);
      continue;
    }
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), generatedFiles().get(path) as string);
    process.stdout.write(`wrote ${path}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
