// Rotation of the operator key in an order that survives a crash at any point: the new key is durable before the chain
// hears of it, and the old one stays until the chain has answered.
//
//   1. beginRotation    operator.next.json is written       (chain: old)   crash → begin again gives the same key
//   2. the caller sends Registry.rotateOperator(new)         (chain: old or new)
//   3. settleRotation   chain says new: operator.json is kept as operator.<address>.json, then replaced in one rename;
//                       chain says old: nothing changes, the next key waits
import { existsSync, linkSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import type { Address } from "viem";
import * as KeyFile from "./KeyFile.ts";
import { keyPath, newSecret, openKey, peekAddress, readPrivate, syncFolder, writePrivate } from "./keystore.ts";

const nextPath = (folder: string): string => join(folder, "operator.next.json");
const sameAddress = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();

/** Generates the next operator key; while one is waiting, the same again. */
export async function beginRotation(
  folder: string,
  options: { password: string; cost?: KeyFile.Cost },
): Promise<{ next: Address }> {
  const path = nextPath(folder);
  if (!existsSync(path)) {
    const file = await KeyFile.encrypt(newSecret(), { password: options.password, cost: options.cost ?? "standard" });
    writePrivate(path, `${JSON.stringify(file)}\n`, { replace: false });
  }
  return { next: (await openKey(path, options)).address };
}

export type Settled = "none" | "waiting" | "rotated";

/**
 * Brings the files in line with the operator the chain names. Idempotent; run at every start of the node.
 * @throws WeftError `keystore.operator` when the chain names a key that is not here.
 */
export function settleRotation(folder: string, options: { chainOperator: Address }): Settled {
  const current = keyPath(folder, "operator");
  const next = nextPath(folder);
  const now = existsSync(current) ? peekAddress(current) : undefined;
  const pending = existsSync(next) ? peekAddress(next) : undefined;
  if (sameAddress(pending, options.chainOperator)) {
    keepOld(folder, current, now);
    renameSync(next, current);
    syncFolder(folder);
    return "rotated";
  }
  if (sameAddress(now, options.chainOperator)) return pending === undefined ? "none" : "waiting";
  throw new WeftError(`the chain names operator ${options.chainOperator}, whose key is not in this keystore`, {
    code: "keystore.operator",
    details: { here: now ?? "no key", waiting: pending ?? "no key" },
    remedy: "restore that key, or rotate to one you hold with `weft node rotate-operator` and the owner key",
  });
}

/** Where the key of an operator before this one is kept. */
export const formerKeyPath = (folder: string, address: Address): string =>
  join(folder, `operator.${address.toLowerCase()}.json`);

/** Operators before this one whose keys are kept. */
export function formerOperators(folder: string): Address[] {
  const kept = existsSync(folder) ? readdirSync(folder) : [];
  return kept.flatMap((file) => (/^operator\.(0x[0-9a-f]{40})\.json$/.exec(file)?.[1] ?? []) as Address[]);
}

/** A hard link, so that operator.json exists at every instant. */
function keepOld(folder: string, current: string, address: Address | undefined): void {
  if (address === undefined) return;
  const kept = formerKeyPath(folder, address);
  readPrivate(current, "key file");
  if (!existsSync(kept)) linkSync(current, kept);
  syncFolder(folder);
}

/** Drops a waiting key that was never sent to the chain. */
export function abandonRotation(folder: string, options: { chainOperator: Address }): void {
  if (settleRotation(folder, options) === "waiting") rmSync(nextPath(folder));
}
