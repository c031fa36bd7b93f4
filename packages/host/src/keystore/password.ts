// Where a keystore's password comes from: a 0600 file, an environment variable, or a prompt; in that order of trust.
// Local development networks use a random password file beside the keys: that protects a copied key file, not the disk.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { WeftError } from "@weft/protocol/Errors";
import { readPrivate, writePrivate } from "./keystore.ts";

export interface PasswordSource {
  /** Path of a file whose first line is the password. */
  file?: string;
  /** The value of an environment variable, handed in by the caller that read it. */
  environment?: string;
  /** Asks a person; absent when there is no terminal. */
  prompt?: (question: string) => Promise<string>;
}

/** @throws WeftError `keystore.noPassword`, `keystore.missing`, `keystore.permissions` */
export async function readPassword(source: PasswordSource): Promise<string> {
  const found = await firstOf(source);
  if (found !== undefined && found.length > 0 && found.length <= 1024) return found;
  throw new WeftError("there is no password for the keystore", {
    code: "keystore.noPassword",
    remedy: "pass --password-file FILE, set WEFT_PASSWORD, or run in a terminal",
  });
}

async function firstOf(source: PasswordSource): Promise<string | undefined> {
  if (source.file !== undefined) return readPrivate(source.file, "password file").split(/\r?\n/, 1)[0];
  return source.environment ?? (await source.prompt?.("keystore password: "));
}

/** The password in `path`, made up (192 random bits) and written there first when there is none. Development only. */
export function devPassword(path: string): string {
  if (!existsSync(path)) writePrivate(path, `${randomBytes(24).toString("base64url")}\n`, { replace: false });
  return readPrivate(path, "password file").trim();
}
