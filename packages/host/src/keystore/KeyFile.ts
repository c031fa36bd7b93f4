// Encrypted private keys as Web3 Secret Storage version 3 JSON, so that geth, viem wallets and others can read them.
// Encrypts with scrypt + aes-128-ctr and a keccak256 MAC; reads scrypt and pbkdf2 files of others.
// Source: ethereum.org "Web3 secret storage definition" (its two test vectors are in the tests). No files here.
import {
  createCipheriv,
  createDecipheriv,
  pbkdf2Sync,
  randomBytes,
  randomUUID,
  scrypt,
  timingSafeEqual,
} from "node:crypto";
import { promisify } from "node:util";
import { scryptAsync as portableScrypt } from "@noble/hashes/scrypt";
import { WeftError } from "@weft/protocol/Errors";
import { type Address, bytesToHex, keccak256 } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { z } from "zod";

const hex = (bytes: number) => z.string().regex(new RegExp(`^(0x)?[0-9a-fA-F]{${2 * bytes}}$`));
const hexBetween = (low: number, high: number) => z.string().regex(new RegExp(`^([0-9a-fA-F]{2}){${low},${high}}$`));

/** Bounds on a foreign file's cost, so that a hostile one can't take all memory: scrypt needs 128·n·r bytes. */
const maxScryptBytes = 512 * 1024 ** 2;

const scryptShape = z.object({
  dklen: z.literal(32),
  n: z
    .int()
    .min(2)
    .max(2 ** 20),
  r: z.int().min(1).max(64),
  p: z.int().min(1).max(64),
  salt: hexBetween(8, 64),
});
const pbkdf2Shape = z.object({
  dklen: z.literal(32),
  c: z.int().min(1).max(10_000_000),
  prf: z.literal("hmac-sha256"),
  salt: hexBetween(8, 64),
});
const cryptoFields = {
  cipher: z.literal("aes-128-ctr"),
  cipherparams: z.object({ iv: hex(16) }),
  ciphertext: hex(32),
  mac: hex(32),
};

/** Version 3 only; unknown extra fields are kept out. */
export const shape = z.object({
  version: z.literal(3),
  id: z.string().max(64).optional(),
  address: hex(20).optional(),
  crypto: z.discriminatedUnion("kdf", [
    z.object({ ...cryptoFields, kdf: z.literal("scrypt"), kdfparams: scryptShape }),
    z.object({ ...cryptoFields, kdf: z.literal("pbkdf2"), kdfparams: pbkdf2Shape }),
  ]),
});
export type KeyFile = z.infer<typeof shape>;

/**
 * `standard` costs 256 MiB and about a second a try, for keys that hold value; `light` costs 4 MiB, for keys whose
 * password is a long random one (then guessing is hopeless either way). These are geth's two settings.
 */
export type Cost = "standard" | "light";
const costs = { standard: { n: 2 ** 18, r: 8, p: 1 }, light: { n: 2 ** 12, r: 8, p: 6 } } as const;

const scryptAsync = promisify<string | Buffer, Buffer, number, object, Buffer>(scrypt);
const plain = (text: string): Buffer => Buffer.from(text.replace(/^0x/, ""), "hex");

async function deriveKey(crypto: KeyFile["crypto"], password: string, name = "the key file"): Promise<Buffer> {
  const salt = plain(crypto.kdfparams.salt);
  if (crypto.kdf === "pbkdf2") return pbkdf2Sync(password, salt, crypto.kdfparams.c, 32, "sha256");
  const { n, r, p } = crypto.kdfparams;
  if (128 * n * r > maxScryptBytes)
    throw malformed(name, `its scrypt needs more than ${maxScryptBytes} bytes of memory`);
  // OpenSSL holds to RFC 7914 (n below 2^(16r)); older Ethereum tools wrote n = 2^18 with r = 1.
  if (16 * r <= Math.log2(n)) return Buffer.from(await portableScrypt(password, salt, { N: n, r, p, dkLen: 32 }));
  return scryptAsync(password, salt, 32, { N: n, r, p, maxmem: maxScryptBytes + 64 * 1024 ** 2 });
}

const macOf = (derived: Buffer, ciphertext: Buffer): Buffer =>
  Buffer.from(keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext]), "bytes"));

/** Encrypts 32 private key bytes. */
export async function encrypt(privateKey: Uint8Array, options: { password: string; cost: Cost }): Promise<KeyFile> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const crypto: KeyFile["crypto"] = {
    cipher: "aes-128-ctr",
    cipherparams: { iv: iv.toString("hex") },
    ciphertext: "",
    kdf: "scrypt",
    kdfparams: { dklen: 32, ...costs[options.cost], salt: salt.toString("hex") },
    mac: "",
  };
  const derived = await deriveKey(crypto, options.password);
  const cipher = createCipheriv("aes-128-ctr", derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(privateKey), cipher.final()]);
  crypto.ciphertext = ciphertext.toString("hex");
  crypto.mac = macOf(derived, ciphertext).toString("hex");
  return { version: 3, id: randomUUID(), address: addressOf(privateKey).slice(2).toLowerCase(), crypto };
}

/**
 * The 32 private key bytes of a key file.
 * @param name what errors call the file
 * @throws WeftError `keystore.password` when the MAC does not match, `keystore.malformed` when the address doesn't.
 */
export async function decrypt(file: KeyFile, password: string, name = "the key file"): Promise<Uint8Array> {
  const derived = await deriveKey(file.crypto, password, name);
  const ciphertext = plain(file.crypto.ciphertext);
  if (!timingSafeEqual(macOf(derived, ciphertext), plain(file.crypto.mac)))
    throw new WeftError(`the password does not open ${name}`, {
      code: "keystore.password",
      remedy: "check the password file, the environment variable or what you typed",
    });
  const decipher = createDecipheriv("aes-128-ctr", derived.subarray(0, 16), plain(file.crypto.cipherparams.iv));
  const privateKey = new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
  if (file.address !== undefined && !plain(file.address).equals(plain(addressOf(privateKey))))
    throw malformed(name, "its address belongs to another key");
  return privateKey;
}

/** @throws WeftError `keystore.malformed`; the message never quotes the file, only its `name`. */
export function parse(text: string, name = "the key file"): KeyFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(name, "it is not JSON");
  }
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw malformed(name, `its field ${issue?.path.join(".") || "version"} is missing or not supported`);
}

export const addressOf = (privateKey: Uint8Array): Address => privateKeyToAddress(bytesToHex(privateKey));

function malformed(name: string, why: string): WeftError {
  return new WeftError(`${name} can't be used: ${why}`, {
    code: "keystore.malformed",
    remedy: "use a Web3 Secret Storage version 3 file, or restore the file from its backup",
  });
}
