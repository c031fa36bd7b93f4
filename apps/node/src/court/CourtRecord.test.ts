import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeContext } from "../NodeContext.ts";
import { CourtRecord, keyOf } from "./CourtRecord.ts";

const which = { commitment: "0x01", side: "rival", leaseId: "0x02", segment: 7 } as const;

function record() {
  const said: unknown[][] = [];
  const write = (...words: unknown[]) => void said.push(words);
  const refused = new Map<string, number>();
  const context = { log: { warn: write, error: write }, intake: { refused } } as unknown as NodeContext;
  return { said, refused, record: new CourtRecord(context) };
}

test("a refusal is said and counted once, and again after the node went on", () => {
  const { said, refused, record: court } = record();
  for (let look = 0; look < 5; look++) court.refuse(which, { code: "court.money", why: "5 are missing" });
  assert.deepEqual([said.length, [...refused]], [1, [["court.money", 1]]]);
  assert.equal(court.get(keyOf(which))?.why, "5 are missing");
  court.goesOn(keyOf(which));
  court.refuse(which, { code: "court.money" });
  assert.equal(refused.get("court.money"), 2);
});

test("a false segment that nobody can challenge any more is named with what came between, even once it is put away", () => {
  const { said, refused, record: court } = record();
  court.refuse(which, { code: "court.bonds", why: "900 are locked" });
  for (let look = 0; look < 3; look++) court.tooLate(which, "windowOver");
  court.forget(keyOf(which));
  const [shown, ...more] = court.all().map(([, status]) => status);
  assert.deepEqual(shown, {
    ...{ ...which, state: "tooLate", code: "court.tooLate" },
    why: "windowOver after court.bonds: 900 are locked",
  });
  assert.deepEqual([more, court.foundTooLate, refused.get("court.tooLate"), said.length], [[], 1, 1, 2]);
  for (let segment = 0; segment < 100; segment++)
    court.tooLate({ ...which, commitment: `0x${segment + 100}`, segment }, "settled");
  assert.deepEqual([court.all().length, court.foundTooLate], [32, 101]);
});
