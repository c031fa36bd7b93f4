import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { explain, hasCode } from "@weft/protocol/Errors";
import { keccak256, recoverAddress, stringToHex } from "viem";
import * as KeyFile from "./KeyFile.ts";
import { createKey, exportKey, keyPath, openKey, openSecret, peekAddress, readPrivate } from "./keystore.ts";
import { devPassword, readPassword } from "./password.ts";
import { abandonRotation, beginRotation, settleRotation } from "./rotation.ts";

const folder = () => mkdtempSync(join(tmpdir(), "weft-keystore-"));
const password = "correct horse";
const light = { password, cost: "light" } as const;
const coded = (code: string) => (error: unknown) => hasCode(error, code);

// The two vectors of the Web3 secret storage definition.
const secret = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const scryptFile = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
    ciphertext: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
    kdf: "scrypt",
    kdfparams: {
      dklen: 32,
      n: 262144,
      p: 8,
      r: 1,
      salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
    },
    mac: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};
const pbkdf2File = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
    ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    kdf: "pbkdf2",
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: "hmac-sha256",
      salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};

test("reads the published scrypt and pbkdf2 vectors", async () => {
  for (const file of [scryptFile, pbkdf2File]) {
    const opened = await KeyFile.decrypt(KeyFile.parse(JSON.stringify(file)), "testpassword");
    assert.equal(Buffer.from(opened).toString("hex"), secret);
  }
});

test("a key is made, opened and signs; its file is 0600 in a 0700 folder", async () => {
  const at = join(folder(), "keys");
  const { address, path } = await createKey(at, { role: "operator", ...light });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(at).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(at), ["operator.json"]);
  const key = await openKey(path, light);
  assert.equal(key.address, address);
  assert.equal(peekAddress(path)?.toLowerCase(), address.toLowerCase());
  const digest = keccak256(stringToHex("a digest"));
  const signature = await key.signer.signDigest(digest);
  assert.equal(signature.length, 132);
  assert.equal(await recoverAddress({ hash: digest, signature }), address);
});

test("the standard cost is what geth uses, and opens again", async () => {
  const at = folder();
  const { path, address } = await createKey(at, { role: "owner", password });
  const { crypto } = KeyFile.parse(readFileSync(path, "utf8"));
  assert.deepEqual({ ...crypto.kdfparams, salt: "" }, { dklen: 32, n: 262144, r: 8, p: 1, salt: "" });
  assert.equal((await openKey(path, { password })).address, address);
});

test("a wrong password, a tampered file and one with a foreign address are refused", async () => {
  const at = folder();
  const { path } = await createKey(at, { role: "operator", ...light });
  await assert.rejects(
    openKey(path, { password: "wrong" }),
    (error) => coded("keystore.password")(error) && (error as Error).message.includes(path),
  );
  const file = JSON.parse(readFileSync(path, "utf8"));
  const flipped = file.crypto.ciphertext.startsWith("0") ? "1" : "0";
  writeFileSync(
    path,
    JSON.stringify({ ...file, crypto: { ...file.crypto, ciphertext: flipped + file.crypto.ciphertext.slice(1) } }),
  );
  await assert.rejects(openKey(path, light), coded("keystore.password"));
  writeFileSync(path, JSON.stringify({ ...file, address: "00".repeat(20) }));
  await assert.rejects(openKey(path, light), coded("keystore.malformed"));
});

test("a file that would take all memory, another version or noise is malformed", () => {
  const { crypto } = scryptFile;
  const bad = [
    "",
    "[]",
    "{",
    JSON.stringify({ ...scryptFile, version: 4 }),
    JSON.stringify({ ...scryptFile, crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, n: 2 ** 30 } } }),
    JSON.stringify({ ...scryptFile, crypto: { ...crypto, mac: "00" } }),
  ];
  for (const text of bad) assert.throws(() => KeyFile.parse(text), coded("keystore.malformed"), text.slice(0, 40));
});

test("within the field limits but above the memory limit is malformed too", async () => {
  const { crypto } = scryptFile;
  const greedy = KeyFile.parse(
    JSON.stringify({ ...scryptFile, crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, n: 2 ** 20, r: 8 } } }),
  );
  await assert.rejects(KeyFile.decrypt(greedy, "testpassword"), coded("keystore.malformed"));
});

test("files that others can read are refused with the remedy", async () => {
  const at = folder();
  const { path } = await createKey(at, { role: "operator", ...light });
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(path, mode);
    await assert.rejects(openKey(path, light), (error) => {
      assert.ok(hasCode(error, "keystore.permissions"));
      assert.equal(error.remedy, `chmod 600 ${path}`);
      return true;
    });
  }
  await assert.rejects(openKey(join(at, "owner.json"), light), coded("keystore.missing"));
});

test("a key that exists is never overwritten", async () => {
  const at = folder();
  const first = await createKey(at, { role: "operator", ...light });
  await assert.rejects(createKey(at, { role: "operator", ...light }), coded("keystore.exists"));
  assert.equal((await openKey(first.path, light)).address, first.address);
});

test("raw and v3 keys are imported and exported", async () => {
  const raw = await createKey(folder(), { role: "operator", ...light, secret: `0x${secret}` });
  const v3 = await createKey(folder(), {
    role: "operator",
    ...light,
    secret: JSON.stringify(scryptFile),
    secretPassword: "testpassword",
  });
  assert.equal(raw.address, v3.address);
  const out = await exportKey(raw.path, { password, as: { format: "raw", iUnderstand: true } });
  assert.equal(out, `0x${secret}`);
  const text = await exportKey(raw.path, { password, as: { format: "v3", password: "other" } });
  assert.deepEqual(Buffer.from(await KeyFile.decrypt(KeyFile.parse(text), "other")).toString("hex"), secret);
  for (const bad of ["0x00", "00".repeat(32), "ff".repeat(32), "hello"])
    await assert.rejects(createKey(folder(), { role: "operator", ...light, secret: bad }), coded("keystore.malformed"));
});

test("the transport gets a copy of the bytes, not the key itself", () => {
  const key = openSecret(Buffer.from(secret, "hex"));
  key.secretBytes().fill(0);
  assert.equal(Buffer.from(key.secretBytes()).toString("hex"), secret);
});

test("no secret shows up in output, errors or inspection", async () => {
  const at = folder();
  const { path } = await createKey(at, { role: "operator", ...light, secret });
  const key = await openKey(path, light);
  const seen = [
    inspect(key, { depth: 9, showHidden: true }),
    JSON.stringify(key),
    String(key.signer),
    readFileSync(path, "utf8"),
  ];
  const failures = [
    openKey(path, { password: "wrong password!" }),
    createKey(at, { role: "operator", ...light, secret }),
    createKey(at, { role: "owner", ...light, secret: `${secret}00` }),
  ];
  for (const outcome of await Promise.allSettled(failures)) {
    assert.equal(outcome.status, "rejected");
    const { reason } = outcome as PromiseRejectedResult;
    seen.push(explain(reason), inspect(reason, { depth: 9 }), JSON.stringify(reason));
  }
  for (const text of seen) assert.doesNotMatch(text, new RegExp(`${secret}|correct horse|wrong password!`, "i"));
});

test("passwords come from a private file, the environment or a prompt", async () => {
  const at = folder();
  const file = join(at, "password");
  writeFileSync(file, "from file\nsecond line\n", { mode: 0o600 });
  assert.equal(await readPassword({ file, environment: "env" }), "from file");
  assert.equal(await readPassword({ environment: "env", prompt: async () => "typed" }), "env");
  assert.equal(await readPassword({ prompt: async () => "typed" }), "typed");
  await assert.rejects(readPassword({}), coded("keystore.noPassword"));
  await assert.rejects(readPassword({ environment: "" }), coded("keystore.noPassword"));
  chmodSync(file, 0o644);
  await assert.rejects(readPassword({ file }), coded("keystore.permissions"));
  assert.throws(() => readPrivate(join(at, "none"), "password file"), coded("keystore.missing"));
});

test("a development password is made up once, kept, and private", () => {
  const path = join(folder(), "password");
  const made = devPassword(path);
  assert.ok(made.length >= 32);
  assert.equal(devPassword(path), made);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("rotation: the new key waits until the chain names it, the old one is kept", async () => {
  const at = folder();
  const { address: old } = await createKey(at, { role: "operator", ...light });
  const { next } = await beginRotation(at, light);
  assert.deepEqual(await beginRotation(at, light), { next });
  assert.equal(settleRotation(at, { chainOperator: old }), "waiting");
  assert.equal((await openKey(keyPath(at, "operator"), light)).address, old);
  assert.equal(settleRotation(at, { chainOperator: next }), "rotated");
  assert.equal((await openKey(keyPath(at, "operator"), light)).address, next);
  assert.equal((await openKey(join(at, `operator.${old.toLowerCase()}.json`), light)).address, old);
  assert.equal(settleRotation(at, { chainOperator: next }), "none");
  assert.throws(() => settleRotation(at, { chainOperator: old }), coded("keystore.operator"));
});

test("rotation: a key never sent to the chain can be dropped, a sent one can't", async () => {
  const at = folder();
  const { address: old } = await createKey(at, { role: "operator", ...light });
  const { next } = await beginRotation(at, light);
  abandonRotation(at, { chainOperator: old });
  assert.ok(!existsSync(join(at, "operator.next.json")));
  assert.throws(() => settleRotation(at, { chainOperator: next }), coded("keystore.operator"));
});

test("rotation: killed between its two file operations, the keystore settles on the chain's key", async () => {
  const at = folder();
  const { address: old } = await createKey(at, { role: "operator", ...light });
  const { next } = await beginRotation(at, light);
  // What a kill after the link and before the rename leaves behind.
  linkSync(keyPath(at, "operator"), join(at, `operator.${old.toLowerCase()}.json`));
  assert.equal(settleRotation(at, { chainOperator: old }), "waiting");
  assert.equal(settleRotation(at, { chainOperator: next }), "rotated");
  assert.equal((await openKey(keyPath(at, "operator"), light)).address, next);
});
