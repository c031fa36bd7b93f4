import assert from "node:assert/strict";
import { createECDH } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { identityOf, operatorOf, peerIdOf } from "./PeerIdentity.ts";
import { WireError } from "./WireError.ts";

const keyOf = (last: number) => Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? last : 0));

test("private keys 1 and 2 have the addresses every EVM library gives them", () => {
  assert.equal(identityOf(keyOf(1)).operator, "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");
  assert.equal(identityOf(keyOf(2)).operator, "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf");
});

test("peer id and operator agree whichever form the public key has", () => {
  for (let last = 1; last < 20; last += 1) {
    const identity = identityOf(keyOf(last));
    const ecdh = createECDH("secp256k1");
    ecdh.setPrivateKey(keyOf(last));
    assert.equal(peerIdOf(ecdh.getPublicKey(null, "compressed")), identity.peerId);
    assert.equal(peerIdOf(ecdh.getPublicKey(null, "uncompressed")), identity.peerId);
    assert.equal(operatorOf(identity.peerId), identity.operator);
  }
});

test("what is no secp256k1 key is malformed, never another exception", () => {
  const malformed = (run: () => unknown) =>
    assert.throws(run, (error: unknown) => error instanceof WireError && error.code === "malformed");
  malformed(() => identityOf(keyOf(0)));
  malformed(() => identityOf(new Uint8Array(31)));
  malformed(() => peerIdOf(new Uint8Array(33).fill(2, 0, 1)));
  malformed(() => operatorOf("12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"));
  const seed = 20_260_101;
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => malformed(() => operatorOf(text))),
    { seed },
  );
});
