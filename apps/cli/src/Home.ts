// Where a network on this machine keeps everything: one folder, `.weft`, and the paths inside it.
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolders } from "@weft/host/makeFolders";
import { WeftError } from "@weft/protocol/Errors";
import { fileError } from "./systemErrors.ts";

export interface Home {
  root: string;
  network: string;
  chain: string;
  nodes: string;
  gateway: string;
  gatewayToken: string;
  buyer: string;
  owners: string;
  corpus: string;
  out: string;
  /** What segments in dispute are replayed from. */
  disputes: string;
  /** Locks, process records: what a `reset` must stop first. */
  run: string;
}

/** The checkout this command runs from. */
export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

export function homeAt(root: string): Home {
  return {
    root,
    network: join(root, "network.json"),
    chain: join(root, "chain"),
    nodes: join(root, "nodes"),
    gateway: join(root, "gateway"),
    gatewayToken: join(root, "gateway", "api-token"),
    buyer: join(root, "buyer"),
    owners: join(root, "owners"),
    corpus: join(root, "corpus"),
    out: join(root, "out"),
    disputes: join(root, "disputes"),
    run: join(root, "run"),
  };
}

/** `--home`, else the checkout's `.weft` for a command given inside the checkout, else `.weft` of the working folder. */
export function resolveHome(option: string | undefined, cwd: string): Home {
  if (option !== undefined) return homeAt(resolve(cwd, option));
  const inside = relative(repositoryRoot, cwd);
  const inCheckout = inside === "" || (!inside.startsWith("..") && !isAbsolute(inside));
  return homeAt(join(inCheckout ? repositoryRoot : cwd, ".weft"));
}

export const nodeHome = (home: Home, name: string): string => join(home.nodes, name);

/** @throws WeftError `file.*` */
export function makeFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (cause) {
    throw fileError(cause, { doing: "create", path });
  }
}

/** @throws WeftError `home.none` when no network was ever started here. */
export function requireHome(home: Home): void {
  if (existsSync(home.root)) return;
  throw new WeftError(`there is no network at ${home.root}`, {
    code: "home.none",
    remedy: "start one with `npm start`, join one with `weft node join`, or name the right folder with --home",
  });
}

/** JSON of a small file of ours, or undefined when it is absent. @throws WeftError `home.damaged` */
export function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new WeftError(`${path} cannot be read`, {
      code: "home.damaged",
      fault: "us",
      remedy: "restore that file, or begin anew with `weft reset`",
      cause,
    });
  }
}
