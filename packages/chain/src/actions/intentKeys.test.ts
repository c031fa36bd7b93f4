// The key of an intent names its effect: wanting the same again is the same intent, a later one of its kind is another.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as Segment from "@weft/protocol/Segment";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { held, segment, vectorNetwork } from "../protocolVectors.ts";
import { commitAudit } from "./commitAudit.ts";
import { commitSegment } from "./commitSegment.ts";
import { endGame } from "./endGame.ts";
import { grantSession } from "./grantSession.ts";
import { proveHeld } from "./proveHeld.ts";
import { release } from "./release.ts";
import { requestBeacon } from "./requestBeacon.ts";
import { revealAudit } from "./revealAudit.ts";
import { timeoutGame } from "./timeoutGame.ts";

const client = { network: vectorNetwork } as ChainClient;
const word = (byte: string) => `0x${byte.repeat(32)}` as const;
const id20 = (byte: string) => `0x${byte.repeat(20)}` as const;
const signature = `0x${"11".repeat(65)}` as const;
/** Signed again because the named round had begun, or recorded again after the chain went back. */
const again = { ...segment, beaconRound: segment.beaconRound + 3n };
const verdict = {
  ...{ leaseId: segment.leaseId, segment: segment.segment, auditor: id20("a1"), ok: true },
  ...{ stepRoot: word("01"), altHistoryRoot: word("00"), salt: word("02") },
};
const otherVerdict = { ...verdict, salt: word("03") };
const holders = [{ held, signature }];
const channel = { channelId: segment.leaseId, released: 0n, releasable: 500n };
const pair = { commitment: segment, sponsor: id20("d1"), rival: word("07") };
const timeout = timeoutGame(client, { game: id20("d2") });
const grant = { key: id20("b1"), dailyCap: 7n, expiresAt: 1000n };

const pairs: Record<string, (which: boolean) => Intent> = {
  "a segment signed for another round": (later) =>
    commitSegment(client, { segment: { commitment: later ? again : segment, signature }, offerHash: word("0f") }),
  "the same holders of another commitment": (later) =>
    proveHeld(client, { commitment: later ? again : segment, held: holders }),
  "another verdict's seal": (later) => commitAudit(client, later ? otherVerdict : verdict),
  "another verdict's opening": (later) =>
    revealAudit(client, { commitment: segment, verdict: later ? otherVerdict : verdict, path: [] }),
  "as much released again": (later) => release(client, { ...channel, released: later ? 500n : 0n }),
  "another list of nodes": (later) => grantSession(client, { ...grant, nodeIds: [id20(later ? "c2" : "c1")] }),
  "any node instead of some": (later) => grantSession(client, later ? grant : { ...grant, nodeIds: [id20("c1")] }),
  "a last move with its verdict": (later) => (later ? endGame(client, pair, timeout) : timeout),
  "another round asked for": (later) => requestBeacon(client, { round: later ? 8n : 7n }),
};

for (const [name, intent] of Object.entries(pairs))
  test(`${name} is another intent, the same wanted twice is one`, () => {
    assert.notEqual(intent(false).key, intent(true).key);
    assert.equal(intent(true).key, intent(true).key);
    assert.ok(intent(true).key.startsWith(`${intent(true).kind}/`));
  });

test("commitments that differ in the round alone have different hashes", () => {
  assert.notEqual(Segment.hash(segment), Segment.hash(again));
});
