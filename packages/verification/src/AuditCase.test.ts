// The rules of one audit: turns, deadlines, and what no order of moves can do.
//
//   P1 one lying auditor never gets an honest segment confirmed false, whatever it does and whenever
//   P2 two honest auditors that speak in their turns get a false segment confirmed, whatever a third does, unless the
//      third passes it first: a colluding first auditor is the tier's stated limit
//   P3 every case ends by endsAt and one opening period, if anybody calls time
import assert from "node:assert/strict";
import { test } from "node:test";
import { most } from "@weft/protocol/Amount";
import { zeroHash } from "@weft/protocol/fields";
import fc from "fast-check";
import {
  type AuditCase,
  type CaseStep,
  isOver,
  isPaused,
  openCase,
  reveal,
  seal,
  timeOut,
  turnOf,
} from "./AuditCase.ts";
import { hash, nodeId, params } from "./fixtures.ts";

const [a, b, c] = [nodeId(1), nodeId(2), nodeId(3)];
const truth = hash("the honest history");
const begin = 1000n;
const { auditCommitSeconds: commitSeconds, auditRevealSeconds: revealSeconds } = params;

const opened = openCase([a, b, c], params, begin);
function next(step: CaseStep): AuditCase {
  assert.ok(step.ok, step.ok ? "" : step.refusal.code);
  return step.next;
}
const code = (step: CaseStep) => (step.ok ? "accepted" : step.refusal.code);
const sealBy = (audit: AuditCase, auditor: typeof a, now: bigint) =>
  seal(audit, { auditor, seal: hash("s"), now }, params);
const say = (audit: AuditCase, altHistoryRoot: typeof a, now: bigint) =>
  reveal(audit, { ok: altHistoryRoot === zeroHash, altHistoryRoot, now }, params);

test("the first auditor goes alone until the deadline, then anyone who is drawn", () => {
  assert.equal(turnOf(opened, a), 0n);
  assert.equal(turnOf(opened, b), opened.deadline + 1n);
  assert.equal(code(sealBy(opened, b, opened.deadline)), "audit.notYourTurn");
  assert.equal(code(sealBy(opened, b, opened.deadline + 1n)), "accepted");
  assert.equal(code(sealBy(opened, nodeId(9), begin)), "audit.notDrawn");
  const afterA = next(say(next(sealBy(opened, a, begin)), truth, begin));
  assert.equal(code(sealBy(afterA, a, begin)), "audit.used");
  assert.equal(turnOf(afterA, b), 0n, "the next unused one is first now");
});

test("a pass ends the case, pays its author and marks earlier accusers", () => {
  const accused = next(say(next(sealBy(opened, a, begin)), truth, begin));
  assert.ok(isPaused(accused));
  const passed = next(say(next(sealBy(accused, b, begin)), zeroHash, begin));
  assert.deepEqual([passed.state, passed.paid, passed.marked], ["passed", [b], [a]]);
  assert.ok(!isPaused(passed));
});

test("two accusations with one history confirm and pay both; different histories do not", () => {
  const first = next(say(next(sealBy(opened, a, begin)), truth, begin));
  const same = next(say(next(sealBy(first, b, begin)), truth, begin));
  assert.deepEqual([same.state, same.paid], ["confirmed", [a, b]]);
  const other = next(say(next(sealBy(first, b, begin)), hash("another"), begin));
  assert.equal(other.state, "waiting");
  const third = next(say(next(sealBy(other, c, begin)), truth, begin));
  assert.deepEqual([third.state, third.paid], ["confirmed", [a, c]]);
});

test("an unopened verdict loses its turn and is marked; the case lapses when nobody is left", () => {
  const sealed = next(sealBy(opened, a, begin));
  assert.equal(code(timeOut(sealed, params, begin + revealSeconds)), "audit.early");
  assert.equal(code(say(sealed, zeroHash, begin + revealSeconds + 1n)), "audit.late");
  const freed = next(timeOut(sealed, params, begin + revealSeconds + 1n));
  assert.deepEqual([freed.state, freed.marked, freed.auditor], ["waiting", [a], undefined]);
  assert.equal(code(timeOut(freed, params, freed.endsAt)), "audit.early");
  assert.equal(next(timeOut(freed, params, freed.endsAt + 1n)).state, "lapsed");
  let audit = opened;
  for (const auditor of [a, b, c])
    audit = next(timeOut(next(sealBy(audit, auditor, begin)), params, begin + revealSeconds + 1n));
  assert.equal(audit.state, "lapsed");
  assert.equal(code(timeOut(audit, params, 1n << 40n)), "audit.state");
});

test("nothing is sealed after the end", () => {
  assert.equal(code(sealBy(opened, a, opened.endsAt)), "accepted");
  assert.equal(code(sealBy(opened, a, opened.endsAt + 1n)), "audit.late");
});

type Move = { who: number; act: "seal" | "reveal" | "time"; lie: number; wait: bigint };
const move = fc.record<Move>({
  who: fc.nat(2),
  act: fc.constantFrom("seal", "reveal", "time"),
  lie: fc.nat(2),
  wait: fc.bigInt(0n, commitSeconds + 2n),
});

/** Plays moves; who reveals says `answer(auditor)`, the liar's choice coming from the move. */
function play(moves: readonly Move[], answer: (auditor: typeof a, lie: number) => typeof a) {
  let audit = opened;
  let now = begin;
  for (const { who, act, lie, wait } of moves) {
    now += wait;
    const step =
      act === "seal"
        ? sealBy(audit, [a, b, c][who] ?? a, now)
        : act === "time"
          ? timeOut(audit, params, now)
          : say(audit, answer(audit.auditor ?? a, lie), now);
    if (step.ok) audit = step.next;
  }
  return { audit, now };
}

test("P1: a lying auditor alone cannot get an honest segment confirmed false", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 30 }), fc.nat(2), (moves, liar) => {
      const lies = [hash("lie 0"), hash("lie 1"), zeroHash];
      const { audit } = play(moves, (auditor, lie) =>
        auditor === [a, b, c][liar] ? (lies[lie] ?? zeroHash) : zeroHash,
      );
      assert.notEqual(audit.state, "confirmed");
    }),
    { numRuns: 1000 },
  );
});

test("P2: with two honest auditors who speak, a false segment is confirmed unless the liar passes it first", () => {
  fc.assert(
    fc.property(fc.nat(2), fc.nat(3), (liar, behaviour) => {
      let audit = opened;
      let now = begin;
      for (const [index, auditor] of [a, b, c].entries()) {
        if (isOver(audit)) break;
        if (index === liar && behaviour === 0) continue; // silent: every later turn waits for the deadline
        const from = turnOf(audit, auditor);
        assert.ok(typeof from === "bigint");
        if (from > now) now = from;
        audit = next(sealBy(audit, auditor, now));
        if (index === liar && behaviour === 1) {
          now += revealSeconds + 1n; // sealed and never opened
          audit = next(timeOut(audit, params, now));
        } else audit = next(say(audit, index !== liar ? truth : behaviour === 2 ? hash("nonsense") : zeroHash, now));
      }
      const passedFirst = behaviour === 3 && liar < 2;
      assert.equal(audit.state, passedFirst ? "passed" : "confirmed");
      assert.ok(passedFirst || !audit.paid.includes([a, b, c][liar] ?? a) || behaviour === 3);
    }),
  );
});

test("P3: a case is over once its time and one opening period passed and somebody calls time", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 20 }), (moves) => {
      const { audit, now } = play(moves, (_, lie) => [truth, hash("x"), zeroHash][lie] ?? truth);
      const last = most(now, audit.endsAt) + revealSeconds + 1n;
      const ended = isOver(audit) ? audit : next(timeOut(audit, params, last));
      assert.ok(isOver(ended), ended.state);
      assert.ok(!isPaused(ended));
    }),
    { numRuns: 500 },
  );
});
