// Keys of a local network, made once: per node an operator (in the node's keystore) and an owner (kept apart), the
// buyer, and the gateway's session key. Encrypted under random passwords in 0600 files beside them: that guards a
// copied key file, not the disk. For development networks.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type AccountSigner, signerOf } from "@weft/chain/Keys";
import { createKey, keyPath, newSecret, openKey, type Role } from "@weft/host/keystore/keystore";
import { devPassword, readPassword } from "@weft/host/keystore/password";
import { WeftError } from "@weft/protocol/Errors";
import { bytesToHex } from "viem";
import { type Home, nodeHome } from "../Home.ts";

export interface HeldKey {
  signer: AccountSigner;
  /** The 32 key bytes, for a libp2p identity. */
  secret: Uint8Array;
}

export const passwordFile = (folder: string): string => join(folder, "password");
export const keystoreOf = (home: Home, name: string): string => join(nodeHome(home, name), "keystore");

/**
 * The key of `role` in `folder`, made first when there is none.
 * @throws WeftError those of openKey, `keystore.missing` also for the password of a key that is there
 */
export async function heldKey(folder: string, role: Role): Promise<HeldKey> {
  const path = keyPath(folder, role);
  const secret = existsSync(path)
    ? (await openKey(path, { password: await readPassword({ file: passwordFile(folder) }) })).secretBytes()
    : await makeKey(folder, { role, password: devPassword(passwordFile(folder)) });
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

/**
 * Both keys of a node, made first when it has none.
 * @throws WeftError those of heldKey, `keystore.ownerMissing` for a node whose owner's key was there once
 */
export async function nodeKeys(home: Home, name: string): Promise<NodeKeys> {
  const owners = join(home.owners, name);
  const operators = keystoreOf(home, name);
  // The owner's key is made first, so an operator's without it means that the owner's was taken away. A new one would
  // be another node's, and the chain knows this operator as the first one's.
  if (existsSync(keyPath(operators, "operator")) && !existsSync(keyPath(owners, "owner")))
    throw new WeftError(`the owner's key of ${name} is missing: there is no ${keyPath(owners, "owner")}`, {
      code: "keystore.ownerMissing",
      fault: "us",
      remedy: `put ${owners} back from a backup: only that key moves the node's stake and earnings; on a development network, \`weft reset\` begins anew`,
    });
  const owner = await heldKey(owners, "owner");
  return { name, operator: await heldKey(operators, "operator"), owner };
}

export const buyerKey = (home: Home): Promise<HeldKey> => heldKey(home.buyer, "owner");
export const sessionKey = (home: Home): Promise<HeldKey> => heldKey(join(home.gateway, "keystore"), "operator");
