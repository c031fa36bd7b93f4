// Work that goes on from what is found false later is ended at once, not after it is done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { builtOnFalse } from "./runLease.ts";

const [first, second] = [`0x${"01".repeat(32)}`, `0x${"02".repeat(32)}`] as const;
const segment = (leaseId: string, number: number, isVoid = false) => ({ leaseId, segment: number, void: isVoid });

function look(voidedFrom: Record<string, bigint>, segments: readonly ReturnType<typeof segment>[]) {
  const chain = { lease: (leaseId: string) => ({ voidedFrom: voidedFrom[leaseId] }) };
  return builtOnFalse({ chain } as never, { record: { segments }, lease: { leaseId: second } } as never)?.kind;
}

test("an earlier lease's segment that counts and is void ends the lease; its own, or one given up already, does not", () => {
  const segments = [segment(first, 0), segment(first, 1), segment(second, 0)];
  assert.equal(look({ [first]: 1n }, segments), "superseded");
  assert.equal(look({ [first]: 2n }, segments), undefined, "what it goes on from stands");
  assert.equal(look({ [second]: 0n }, segments), undefined, "that is its own provider's fault");
  assert.equal(look({ [first]: 1n }, [segment(first, 0), segment(first, 1, true)]), undefined);
});
