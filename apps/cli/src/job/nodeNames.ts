// Names of the nodes that this home knows, for people: "node-3" instead of twenty bytes.
import type { Home } from "../Home.ts";
import { readJson } from "../Home.ts";
import type { NodeNames } from "../render/figures.ts";
import { writePlainFile } from "../systemErrors.ts";

const namesFile = (home: Home): string => `${home.root}/names.json`;

/** Empty when nothing was started here. */
export function readNames(home: Home): NodeNames {
  const value = readJson(namesFile(home));
  if (typeof value !== "object" || value === null) return new Map();
  return new Map(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

export function writeNames(home: Home, names: NodeNames): void {
  writePlainFile(namesFile(home), `${JSON.stringify(Object.fromEntries(names), null, 2)}\n`);
}
