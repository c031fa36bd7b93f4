// Writes the constants of the fp32 recipes (spec/tensor.md §4.1) as Solidity, from the vectors that pin them for every
// implementation: spec/vectors/tensor/recipes.json.

export interface RecipesFile {
  exp: Recipe;
  log: Recipe;
  tanh: Recipe;
}

/** Words in hex; coefficients from the highest power down. */
type Recipe = { coefficients: string[] } & { [constant: string]: string | string[] };

const screamingSnake = (name: string) => name.replace(/([A-Z])/g, "_$1").toUpperCase();
const constant = (name: string, value: string) => `    uint256 internal constant ${name} = ${value};`;

/** The first coefficient, and the others packed into one word, the last one lowest. */
function recipeLines(name: string, { coefficients, ...others }: Recipe): string[] {
  const [first, ...rest] = coefficients;
  if (first === undefined || rest.length > 8)
    throw new Error(`${name}: ${coefficients.length} coefficients do not fit`);
  const prefix = name.toUpperCase();
  return [
    constant(`${prefix}_FIRST`, `0x${first}`),
    constant(`${prefix}_REST`, `0x${rest.join("").padStart(64, "0")}`),
    constant(`${prefix}_REST_COUNT`, `${rest.length}`),
    ...Object.entries(others).map(([key, word]) => constant(`${prefix}_${screamingSnake(key)}`, `0x${word}`)),
  ];
}

export function recipesSolidity({ exp, log, tanh }: RecipesFile): string {
  const lines = Object.entries({ exp, log, tanh }).flatMap(([name, recipe]) => recipeLines(name, recipe));
  return [
    ...["// SPDX-License-Identifier: Apache-2.0", "pragma solidity ^0.8.28;", ""],
    ...["// Generated from spec/vectors/tensor/recipes.json by `npm run generate`. Do not edit.", ""],
    "/// Words of the fp32 recipes of spec/tensor.md §4.1.",
    ...["library RecipeConstants {", ...lines, "}", ""],
  ].join("\n");
}
