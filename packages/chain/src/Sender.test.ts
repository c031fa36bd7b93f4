import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { parseEther } from "viem";
import { accountOf, eventually, type Fixture, fixture, wallClock } from "./chainFixture.ts";
import { deployerKey } from "./DevAccounts.ts";
import { type Intent, type IntentStore, memoryStore } from "./Intent.ts";
import { signerOf } from "./Keys.ts";
import { Sender } from "./Sender.ts";
import type { SenderLimits } from "./senderLimits.ts";

const pay = (key: string, value = 1n, kind = "pay"): Intent => ({
  key,
  kind,
  to: accountOf("payee").address,
  data: "0x",
  value,
});

const senderFor = (chain: Fixture, store: IntentStore = memoryStore(), limits: Partial<SenderLimits> = {}) =>
  new Sender(chain.client, { signer: signerOf(deployerKey), store, clock: wallClock, limits });

const balance = (chain: Fixture) => chain.client.rpc.getBalance({ address: accountOf("payee").address });

test("many intents of one account are mined, each once, and gas is accounted by kind", async () => {
  const chain = await fixture();
  const sender = senderFor(chain);
  const results = await Promise.all(Array.from({ length: 40 }, (_, index) => sender.send(pay(`pay/${index}`, 3n))));
  assert.equal(new Set(results.map((result) => result.hash)).size, 40);
  assert.equal(await balance(chain), 120n);
  assert.deepEqual(sender.gasSpent().get("pay")?.count, 40);
  assert.equal(sender.gasSpent().get("pay")?.gasUsed, 40n * 21_000n);
  await chain.end();
});

test("the same key is one transaction: at once, later, and from a new sender on the same store", async () => {
  const chain = await fixture();
  const store = memoryStore();
  const sender = senderFor(chain, store);
  const [a, b] = await Promise.all([sender.send(pay("rent", 5n)), sender.send(pay("rent", 5n))]);
  const c = await sender.send(pay("rent", 5n));
  const d = await senderFor(chain, store).send(pay("rent", 5n));
  assert.equal(new Set([a?.hash, b?.hash, c.hash, d.hash]).size, 1);
  assert.equal(await balance(chain), 5n);
  await chain.end();
});

test("a record without a broadcast (killed in between) is broadcast as recorded", async () => {
  const chain = await fixture({ noMining: true });
  const store = memoryStore();
  const first = senderFor(chain, store);
  const lost = first.send(pay("rent", 5n)).catch((error: unknown) => error);
  while ((await store.get("rent")) === undefined) await new Promise((wake) => setTimeout(wake, 5));
  first.close();
  assert.ok(hasCode(await lost, "chain.closed"));
  await chain.driver.request({ method: "anvil_dropAllTransactions" as never });

  const again = senderFor(chain, store).send(pay("rent", 5n));
  // The last one may still be under way when the chain ends.
  const mining = setInterval(() => void chain.driver.mine({ blocks: 1 }).catch(() => {}), 50);
  const record = await store.get("rent");
  assert.equal((await again).hash, record?.hashes[0]);
  clearInterval(mining);
  assert.equal(await balance(chain), 5n);
  await chain.end();
});

test("a waiting transaction is replaced with a higher fee, and either one settles the intent", async () => {
  const chain = await fixture({ noMining: true });
  const store = memoryStore();
  const sender = senderFor(chain, store, { replaceAfterMs: 200 });
  const result = sender.send(pay("slow", 5n));
  // The record is written ahead of the broadcast, so the pool says when the replacement has arrived.
  await eventually(async () => {
    const second = (await store.get("slow"))?.hashes[1];
    return second && (await chain.client.rpc.getTransaction({ hash: second }).catch(() => undefined));
  });
  await chain.driver.mine({ blocks: 1 });
  // On a busy machine there may be a third by then; the first was displaced in any case.
  const hashes = (await store.get("slow"))?.hashes ?? [];
  assert.ok(hashes.indexOf((await result).hash) > 0);
  assert.equal(await balance(chain), 5n);
  await chain.end();
});

test("after a crash in which the chain lost blocks, what was lost is sent again and nothing twice", async () => {
  const chain = await fixture({ stateIntervalSeconds: 3600 });
  const sender = senderFor(chain);
  await Promise.all([sender.send(pay("a", 1n)), sender.send(pay("b", 2n)), sender.send(pay("c", 4n))]);
  await chain.crash();
  assert.equal(await balance(chain), 0n);
  await sender.rewound(0n);
  await sender.send(pay("d", 8n));
  assert.equal(await balance(chain), 15n);
  await Promise.all([sender.send(pay("a", 1n)), sender.send(pay("c", 4n))]);
  assert.equal(await balance(chain), 15n);
  await chain.end();
});

test("an intent whose nonce went to another one while the chain was gone back is sent again all the same", async () => {
  const chain = await fixture({ stateIntervalSeconds: 3600 });
  const sender = senderFor(chain);
  await Promise.all([sender.send(pay("a", 1n)), sender.send(pay("b", 2n))]);
  await chain.crash();
  // Nobody has told it of the rewind yet.
  await Promise.all([sender.send(pay("c", 4n)), sender.send(pay("d", 8n))]);
  await eventually(async () => ((await balance(chain)) === 15n ? true : undefined));
  sender.close();
  await chain.end();
});

test("a new sender whose chain went back fills nonces nobody remembers", async () => {
  const chain = await fixture({ stateIntervalSeconds: 3600 });
  const store = memoryStore();
  const first = senderFor(chain, store);
  for (const key of ["a", "b", "c"]) await first.send(pay(key, 1n));
  first.close();
  await chain.crash();
  const result = await senderFor(chain, store).send(pay("c", 1n));
  assert.equal((await store.get("c"))?.hashes[0], result.hash);
  assert.equal(await balance(chain), 1n);
  await chain.end();
});

test("the chain being away is waited out", async () => {
  const chain = await fixture({ stateIntervalSeconds: 1 });
  const sender = senderFor(chain);
  await chain.chain.kill();
  const result = sender.send(pay("patient", 5n));
  await new Promise((wake) => setTimeout(wake, 700));
  await chain.crash();
  assert.equal((await result).receipt.status, "success");
  await chain.end();
});

test("two senders of one account get there, and an account without money says so", async () => {
  const chain = await fixture();
  const [a, b] = [senderFor(chain), senderFor(chain)];
  // Different amounts: two senders that sign the very same transaction have sent one.
  const all = Array.from({ length: 10 }, (_, index) =>
    (index % 2 ? a : b).send(pay(`mix/${index}`, 1n << BigInt(index))),
  );
  await Promise.all(all);
  assert.equal(await balance(chain), 1023n);
  const poor = new Sender(chain.client, { signer: accountOf("poor"), store: memoryStore(), clock: wallClock });
  await assert.rejects(poor.send(pay("x", parseEther("1"))), (error) => hasCode(error, "chain.noGas"));
  await chain.end();
});

test("queue and waiting time have limits", async () => {
  const chain = await fixture({ noMining: true });
  const sender = senderFor(chain, memoryStore(), { maxQueued: 2, timeoutMs: 300 });
  const waiting = [sender.send(pay("1")), sender.send(pay("2"))];
  await assert.rejects(sender.send(pay("3")), (error) => hasCode(error, "chain.queueFull"));
  for (const one of waiting) await assert.rejects(one, (error) => hasCode(error, "chain.timeout"));
  await chain.end();
});
