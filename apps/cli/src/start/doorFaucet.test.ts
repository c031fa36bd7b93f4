import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { admit, maxInAll, maxPerMachine, type Request, readWanted, windowSeconds } from "./doorFaucet.ts";
import { maxBatch, refuse } from "./doorRpc.ts";

/** How many of these are served, one after the other. */
function servedOf(requests: readonly Request[]): number {
  let recent: readonly Request[] = [];
  let served = 0;
  for (const request of requests) {
    const answer = admit(recent, request);
    if ("waitSeconds" in answer) continue;
    recent = answer.recent;
    served += 1;
  }
  assert.ok(recent.length <= maxInAll);
  return served;
}

test("one machine is served so often a window, all machines together so often", () => {
  const from = (index: number) => `10.0.0.${index}`;
  const many = Array.from({ length: 200 }, (_, index) => index);
  assert.equal(servedOf(many.map(() => ({ from: from(1), atSeconds: 5 }))), maxPerMachine);
  assert.equal(servedOf(many.map((index) => ({ from: from(index), atSeconds: 5 }))), maxInAll);
  const slow = many.map((index) => ({ from: from(1), atSeconds: (index * windowSeconds) / maxPerMachine }));
  assert.equal(servedOf(slow), slow.length, "at the allowed pace nobody waits");
});

test("who waits as long as told is served", () => {
  const recent = Array.from({ length: maxPerMachine }, (_, index) => ({ from: "a", atSeconds: 100 + index }));
  const answer = admit(recent, { from: "a", atSeconds: 130 });
  assert.deepEqual(answer, { waitSeconds: 100 + windowSeconds - 130 });
  assert.ok("recent" in admit(recent, { from: "a", atSeconds: 100 + windowSeconds }));
  assert.ok("recent" in admit(recent, { from: "b", atSeconds: 130 }));
});

test("a request for money is small, exact and below the ceiling", () => {
  const ceiling = { gas: 10n, weft: 10n, stable: 10n };
  const address = `0x${"a".repeat(40)}`;
  const read = (needs: unknown) => readWanted(JSON.stringify({ needs }), ceiling);
  assert.deepEqual(read([{ address, gas: "10" }]), [{ address, gas: 10n, weft: 0n, stable: 0n }]);
  const wrong = [
    [],
    [{ address: "0x1" }],
    [{ address, gas: "-1" }],
    [{ address, eth: "1" }],
    Array(5).fill({ address }),
  ];
  for (const needs of wrong)
    assert.throws(
      () => read(needs),
      (error) => hasCode(error, "faucet.malformed"),
      JSON.stringify(needs),
    );
  for (const field of ["gas", "weft", "stable"])
    assert.throws(
      () => read([{ address }, { address, [field]: "11" }]),
      (error) => hasCode(error, "faucet.tooMuch"),
      field,
    );
});

test("a batch passes as a whole or not at all, and every one of its requests is answered", async () => {
  const nobody = async () => new Set<never>();
  const ask = (body: unknown) => refuse(typeof body === "string" ? body : JSON.stringify(body), nobody);
  const read = { jsonrpc: "2.0", id: 1, method: "eth_call", params: [] };
  assert.equal(await ask(read), undefined);
  assert.equal(await ask(Array(maxBatch).fill(read)), undefined);
  const mixed = (await ask([read, { id: "x", method: "anvil_reset" }])) as {
    id: unknown;
    error: { message: string };
  }[];
  assert.deepEqual(
    mixed.map(({ id }) => id),
    [1, "x"],
  );
  assert.match(mixed[0]?.error.message ?? "", /anvil_reset/);
  for (const body of ["{", "7", "[]", [[read]], { id: {}, method: "eth_call" }, Array(maxBatch + 1).fill(read)])
    assert.match(JSON.stringify(await ask(body)), /not JSON|not a request/);
  for (const raw of [undefined, "0x", "0x02c0", "hello"])
    assert.match(
      JSON.stringify(await ask({ id: 1, method: "eth_sendRawTransaction", params: [raw] })),
      /not a signed transaction/,
      String(raw),
    );
});
