import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { bytesToHex, keccak256, parseTransaction, recoverAddress, recoverTransactionAddress, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { deployerKey } from "./DevAccounts.ts";
import * as Keys from "./Keys.ts";

const keyAt = (index: number) => keccak256(toHex(`key ${index}`));
const digestAt = (index: number) => keccak256(toHex(`digest ${index}`));

test("signatures and addresses equal viem's, byte for byte", async () => {
  for (let index = 0; index < 20; index++) {
    const ours = Keys.signerOf(keyAt(index));
    const theirs = privateKeyToAccount(keyAt(index));
    assert.equal(ours.address, theirs.address.toLowerCase());
    assert.equal(await ours.signDigest(digestAt(index)), await theirs.sign({ hash: digestAt(index) }));
  }
});

test("recovery of many agrees with viem and refuses what does not hold", async () => {
  const items = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => ({
      digest: digestAt(index),
      signature: await Keys.signerOf(keyAt(index)).signDigest(digestAt(index)),
    })),
  );
  const recovered = Keys.recoverMany(items);
  for (const [index, item] of items.entries())
    assert.equal(
      recovered[index],
      (await recoverAddress({ hash: item.digest, signature: item.signature })).toLowerCase(),
    );

  const good = items[0] as Keys.Recoverable;
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const highS = (order - BigInt(`0x${good.signature.slice(66, 130)}`)).toString(16).padStart(64, "0");
  const flipped = good.signature.endsWith("1b") ? "1c" : "1b";
  assert.equal(Keys.recover({ ...good, signature: `0x${good.signature.slice(2, 66)}${highS}${flipped}` }), undefined);
  assert.equal(Keys.recover({ ...good, signature: `0x${"00".repeat(65)}` }), undefined);
  assert.equal(Keys.recover({ ...good, signature: "0x1234" }), undefined);
  assert.equal(Keys.recover({ ...good, signature: `${good.signature.slice(0, -2)}05` as `0x${string}` }), undefined);
  assert.notEqual(Keys.recover({ ...good, digest: digestAt(7) }), recovered[0]);
});

test("transactions are signed so that the chain recovers the sender", async () => {
  const signer = Keys.signerOf(deployerKey);
  const transaction = {
    chainId: 31337,
    nonce: 3,
    gas: 21000n,
    maxFeePerGas: 5n,
    maxPriorityFeePerGas: 1n,
    to: signer.address,
    value: 7n,
    type: "eip1559",
  } as const;
  const raw = await signer.signTransaction(transaction);
  const sender = await recoverTransactionAddress({ serializedTransaction: raw as `0x02${string}` });
  assert.equal(sender.toLowerCase(), signer.address);
  assert.equal(parseTransaction(raw).value, 7n);
  assert.equal(raw, await privateKeyToAccount(deployerKey).signTransaction(transaction));
});

test("the compressed public key gives the same address", () => {
  assert.equal(Keys.addressOfPublicKey(Keys.publicKeyOf(keyAt(3))), Keys.signerOf(keyAt(3)).address);
});

test("anything but a key is refused", () => {
  for (const bad of ["0x", `0x${"00".repeat(32)}`, "secret", bytesToHex(new Uint8Array(33).fill(1))])
    assert.throws(
      () => Keys.signerOf(bad as `0x${string}`),
      (error) => hasCode(error, "key.malformed"),
    );
});
