// Writes every generated file of the tree, or with --check says which are stale (exit 1).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { jsonSchema } from "../packages/protocol/src/JobFile.ts";
import { staleContracts, writeContracts } from "./generate/contracts.ts";
import { checkParams, type ParamsFile, paramsSolidity, paramsTypeScript } from "./generate/params.ts";
import { type RecipesFile, recipesSolidity } from "./generate/recipes.ts";
import { vectorFiles } from "./generate/vectors.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** path → content of every text file generated in place; the contracts' files need a compiler and come after these. */
export function generatedFiles(): Map<string, string> {
  const params = JSON.parse(readFileSync(join(root, "spec", "params.json"), "utf8")) as ParamsFile;
  checkParams(params);
  const recipes = readFileSync(join(root, "spec", "vectors", "tensor", "recipes.json"), "utf8");
  return new Map([
    ["packages/protocol/src/generated/params.ts", paramsTypeScript(params)],
    ["contracts/src/generated/Params.sol", paramsSolidity(params)],
    ["contracts/src/generated/RecipeConstants.sol", recipesSolidity(JSON.parse(recipes) as RecipesFile)],
    ["spec/job.schema.json", `${JSON.stringify(jsonSchema(), null, 2)}\n`],
    ...vectorFiles(),
  ]);
}

function staleTexts(): string[] {
  return [...generatedFiles()]
    .filter(([path, content]) => !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== content)
    .map(([path]) => path);
}

/** Paths whose content on disk differs from what the sources give. */
export const staleFiles = (): string[] => [...staleTexts(), ...staleContracts(root)];

function writeTexts(): void {
  for (const path of staleTexts()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), generatedFiles().get(path) as string);
    process.stdout.write(`wrote ${path}\n`);
  }
}

function main(): void {
  if (process.argv.includes("--check")) {
    for (const path of staleFiles()) {
      process.exitCode = 1;
      process.stderr.write(`stale: ${path} (run npm run generate)\n`);
    }
    return;
  }
  writeTexts();
  if (staleContracts(root).length > 0) for (const path of writeContracts(root)) process.stdout.write(`wrote ${path}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
