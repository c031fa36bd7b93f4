import assert from "node:assert/strict";
import { test } from "node:test";
import { lookAround, nobody, toldAll } from "./newNeighbours.ts";

test("the first neighbours are told once, a second after they came", () => {
  const came = lookAround(nobody, { peers: ["a"], atMs: 0 });
  assert.equal(came.repeat, false, "it may not follow the topic yet");
  assert.equal(lookAround(came.audience, { peers: ["a"], atMs: 999 }).repeat, false);
  const settled = lookAround(came.audience, { peers: ["a"], atMs: 1000 });
  assert.equal(settled.repeat, true);
  const told = toldAll(settled.audience, 1000);
  assert.equal(lookAround(told, { peers: ["a"], atMs: 9000 }).repeat, false);
});

test("who came just before the offers went out is told again, and so is who comes back", () => {
  const came = lookAround(nobody, { peers: ["a"], atMs: 500 });
  const told = toldAll(came.audience, 600);
  const settled = lookAround(told, { peers: ["a"], atMs: 1500 });
  assert.equal(settled.repeat, true);
  const gone = lookAround(toldAll(settled.audience, 1500), { peers: [], atMs: 2000 });
  const back = lookAround(gone.audience, { peers: ["a"], atMs: 3000 });
  assert.deepEqual([back.repeat, lookAround(back.audience, { peers: ["a"], atMs: 4000 }).repeat], [false, true]);
});

test("a node with enough neighbours repeats by the clock alone, whoever comes", () => {
  const peers = ["a", "b", "c", "d"];
  const { audience } = lookAround(nobody, { peers, atMs: 0 });
  const told = toldAll(audience, 1000);
  const more = lookAround(told, { peers: [...peers, "e"], atMs: 1000 });
  assert.equal(lookAround(more.audience, { peers: [...peers, "e"], atMs: 5000 }).repeat, false);
});
