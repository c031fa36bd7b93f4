// Keys of a local network, made once: per node an operator (in the node's keystore) and an owner (kept apart), the
// buyer, and the gateway's session key. Encrypted under random passwords in 0600 files beside them: that guards a
// copied key file, not the disk. For development networks.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type AccountSigner, signerOf } from "@weft/chain/Keys";
import { createKey, keyPath, newSecret, openKey, type Role } from "@weft/host/keystore/keystore";
import { devPassword } from "@weft/host/keystore/password";
import { bytesToHex } from "viem";
import { type Home, nodeHome } from "../Home.ts";

export interface HeldKey {
  signer: AccountSigner;
  /** The 32 key bytes, for a libp2p identity. */
  secret: Uint8Array;
}

export const passwordFile = (folder: string): string => join(folder, "password");
export const keystoreOf = (home: Home, name: string): string => join(nodeHome(home, name), "keystore");

/** The key of `role` in `folder`, made first when there is none. */
export async function heldKey(folder: string, role: Role): Promise<HeldKey> {
  const password = devPassword(passwordFile(folder));
  const path = keyPath(folder, role);
  const secret = existsSync(path)
    ? (await openKey(path, { password })).secretBytes()
    : await makeKey(folder, { role, password });
  return { signer: signerOf(secret), secret };
}

/** Light: the password is 192 random bits, so a costly derivation would only cost start-up time. */
async function makeKey(folder: string, { role, password }: { role: Role; password: string }): Promise<Uint8Array> {
  const secret = newSecret();
  await createKey(folder, { role, password, cost: "light", secret: bytesToHex(secret) });
  return secret;
}

export interface NodeKeys {
  name: string;
  operator: HeldKey;
  owner: HeldKey;
}

export async function nodeKeys(home: Home, name: string): Promise<NodeKeys> {
  const [operator, owner] = await Promise.all([
    heldKey(keystoreOf(home, name), "operator"),
    heldKey(join(home.owners, name), "owner"),
  ]);
  return { name, operator, owner };
}

export const buyerKey = (home: Home): Promise<HeldKey> => heldKey(home.buyer, "owner");
export const sessionKey = (home: Home): Promise<HeldKey> => heldKey(join(home.gateway, "keystore"), "operator");
