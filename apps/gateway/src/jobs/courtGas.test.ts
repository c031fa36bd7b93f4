// The court's part of a job's gas: each transaction counted once, whatever is told of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { courtGas } from "./courtGas.ts";

const game = `0x${"9a".repeat(20)}` as const;
const tx = (n: number) => `0x${String(n).padStart(64, "0")}` as const;
const event = (kind: string, n: number, more: object = {}) =>
  ({ kind, game, time: n, transaction: tx(n), gas: 1000 + n, ...more }) as unknown as DisputeEvent;

test("by call, each transaction once: the verdict in the proof's, a waiting rival's game in the one that ended the last", () => {
  const events = [
    event("challenged", 1, { ground: "history" }),
    event("gameBegan", 1),
    event("move", 2, { call: "reveal", side: "defender" }),
    event("move", 3, { call: "choose", side: "rival" }),
    event("move", 4, { call: "reveal", side: "defender" }),
    event("verdict", 5, { proof: "proveWord" }),
    event("slashed", 5),
    event("challenged", 6, { ground: "start", game: undefined }),
    event("verdict", 7, { silent: true }),
    event("rivalLost", 8),
    event("reclaimed", 9),
    event("slashed", 10, { game: undefined }),
  ];
  assert.deepEqual(Object.fromEntries(courtGas(events)), {
    ...{ "court.challenge": 1001n, "court.reveal": 2006n, "court.choose": 1003n, "court.proveWord": 1005n },
    ...{ "court.challengeStart": 1006n, "court.timeout": 1007n, "court.conclude": 1008n, "court.reclaim": 1009n },
    "court.prove": 1010n,
  });
});
