// Keys of a node on disk. Two roles in two files: `operator` (hot: signs offers, receipts and libp2p identity) and
// `owner` (cold: registers, exits, is paid). The running node opens the operator only; `weft node register` and the
// like open the owner for one command. Files are 0600 in a 0700 folder; looser ones are refused.
// Not here: hardware wallets, and rotation (rotation.ts).
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Signer } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import { type Address, bytesToHex, type Hex, hexToBytes } from "viem";
import { sign } from "viem/accounts";
import * as KeyFile from "./KeyFile.ts";

export type Role = "operator" | "owner";

/** An opened key. Printing, logging or serialising it shows the address only. */
export interface OpenKey {
  readonly address: Address;
  readonly signer: Signer;
  /** A fresh copy of the 32 private key bytes; for the transport's identity only. */
  secretBytes(): Uint8Array;
}

export const keyPath = (folder: string, role: Role): string => join(folder, `${role}.json`);

/** Group order of secp256k1. */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Makes a new key file, or imports `secret` (0x-hex of 32 bytes, or a v3 file's text with `secretPassword`).
 * @throws WeftError `keystore.exists`, `keystore.malformed`, `keystore.password`
 */
export async function createKey(
  folder: string,
  options: { role: Role; password: string; cost?: KeyFile.Cost; secret?: string; secretPassword?: string },
): Promise<{ address: Address; path: string }> {
  const path = keyPath(folder, options.role);
  if (existsSync(path))
    throw new WeftError(`there is a key at ${path} already`, {
      code: "keystore.exists",
      remedy: "use it, rotate it, or move the file away yourself",
    });
  const secret = await secretFrom(options);
  const file = await KeyFile.encrypt(secret, { password: options.password, cost: options.cost ?? "standard" });
  writePrivate(path, `${JSON.stringify(file)}\n`, { replace: false });
  return { address: KeyFile.addressOf(secret), path };
}

async function secretFrom(options: { secret?: string; secretPassword?: string }): Promise<Uint8Array> {
  if (options.secret === undefined) return newSecret();
  const text = options.secret.trim();
  const imported = "the key file to import";
  if (text.startsWith("{"))
    return KeyFile.decrypt(KeyFile.parse(text, imported), options.secretPassword ?? "", imported);
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text) || !inRange(BigInt(`0x${text.replace(/^0x/, "")}`)))
    throw new WeftError("the key to import is neither 32 bytes of hex nor a version 3 key file", {
      code: "keystore.malformed",
      remedy: "pass the raw key in hex or the text of a key file",
    });
  return hexToBytes(`0x${text.replace(/^0x/, "")}`);
}

const inRange = (value: bigint): boolean => value > 0n && value < order;

/** 32 random bytes that are a valid secp256k1 key. */
export function newSecret(): Uint8Array {
  for (let attempt = 0; attempt < 8; attempt++) {
    const secret = new Uint8Array(randomBytes(32));
    if (inRange(BigInt(bytesToHex(secret)))) return secret;
  }
  throw new WeftError("the machine's random source repeats itself", { code: "keystore.random", fault: "us" });
}

/**
 * Opens a key file.
 * @throws WeftError `keystore.missing`, `keystore.permissions`, `keystore.password`, `keystore.malformed`
 */
export async function openKey(path: string, options: { password: string }): Promise<OpenKey> {
  return openSecret(await secretIn(path, options.password));
}

/** Errors name the file: a home has many. */
async function secretIn(path: string, password: string): Promise<Uint8Array> {
  return await KeyFile.decrypt(readKeyFile(path), password, named(path));
}

const readKeyFile = (path: string): KeyFile.KeyFile => KeyFile.parse(readPrivate(path, "key file"), named(path));
const named = (path: string): string => `the key file ${path}`;

/** The key's address without its password; undefined when the file does not say. */
export function peekAddress(path: string): Address | undefined {
  const { address } = readKeyFile(path);
  return address === undefined ? undefined : (`0x${address.replace(/^0x/, "").toLowerCase()}` as Address);
}

/** The secret stays in this closure: no property of the result holds it. */
export function openSecret(secret: Uint8Array): OpenKey {
  const own = Uint8Array.from(secret);
  const address = KeyFile.addressOf(own);
  const signDigest = (digest: Hex): Promise<Hex> => sign({ hash: digest, privateKey: bytesToHex(own), to: "hex" });
  return { address, signer: { address, signDigest }, secretBytes: () => Uint8Array.from(own) };
}

/** The v3 text under a new password, or the raw hex when the caller says so in as many words. */
export async function exportKey(
  path: string,
  options: { password: string; as: { format: "v3"; password: string } | { format: "raw"; iUnderstand: true } },
): Promise<string> {
  const secret = await secretIn(path, options.password);
  if (options.as.format === "raw") return bytesToHex(secret);
  return JSON.stringify(await KeyFile.encrypt(secret, { password: options.as.password, cost: "standard" }));
}

/**
 * Reads a file that must be its owner's alone.
 * @throws WeftError `keystore.missing`, `keystore.permissions`
 */
export function readPrivate(path: string, what: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined)
    throw new WeftError(`there is no ${what} at ${path}`, {
      code: "keystore.missing",
      remedy: "restore it from a backup; for a new node, `weft node register` makes its files",
    });
  // Windows has no such bits; there the folder's own access list decides.
  if (process.platform !== "win32" && (status.mode & 0o077) !== 0)
    throw new WeftError(`${what} ${path} can be read by others (mode ${(status.mode & 0o777).toString(8)})`, {
      code: "keystore.permissions",
      remedy: `chmod 600 ${path}`,
    });
  if (status.size > 65_536)
    throw new WeftError(`${what} ${path} has ${status.size} bytes`, {
      code: "keystore.malformed",
      remedy: "point to a key or password file; those are small",
    });
  return readFileSync(path, "utf8");
}

/** Writes a 0600 file so that after a crash it is there whole or not at all. */
export function writePrivate(path: string, text: string, options: { replace: boolean }): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  if (!options.replace && existsSync(path)) throw new WeftError(`${path} exists`, { code: "keystore.exists" });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(folder);
}

/** Makes renames in a folder durable. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
