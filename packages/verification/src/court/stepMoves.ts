// From the history to the values of one step, and what follows where those are agreed on (contracts/src/court/StepMoves.sol).
import { zeroHash } from "@weft/protocol/fields";
import type { Hex } from "viem";
import type { Facts, Game, Rules } from "./Game.ts";
import {
  bytesOf,
  entryLeaf,
  leafOf,
  mustBe,
  rootFrom,
  ruleLeaf,
  stateRootOf,
  stepRootOf,
  tensorRootOf,
  wordIn,
} from "./hashes.ts";
import type { CourtStruct, MoveOf, StepClaim } from "./Move.ts";
import { checkFirst, checkReveal, withReveal } from "./narrowing.ts";
import { refuse } from "./refuse.ts";
import { checkProgram, choiceAt, over, refute, turnAt } from "./turns.ts";

function claimedStep(program: CourtStruct, step: bigint, { loss, entriesRoot }: StepClaim): Hex {
  const state = stateRootOf(step + 1n, program.entries, entriesRoot);
  return stepRootOf(program.programHash, step, { loss, state });
}

export function chooseStep(game: Game, { program, choice, claim }: MoveOf<"chooseStep">): Game {
  choiceAt(game, "steps");
  const { position } = game;
  const { index, defender, rival, siblings } = choice;
  checkFirst(game, position, { index, siblings, defender: leafOf(defender), rival: leafOf(rival) });
  checkProgram(program, position.facts.program);
  const step = position.facts.firstStep + BigInt(index);
  mustBe(rival, claimedStep(program, step, claim));
  const { loss, entriesRoot: entries, valuesRoot: values } = claim;
  const facts: Facts = { ...position.facts, step, loss, entries, values };
  return {
    ...game,
    ...{ level: "values", stage: "enter", height: 0, index, shown: 0 },
    position: { facts, defender, rival: zeroHash },
  };
}

/** The state before the step: shown under the defender's history, but for a segment's first step. */
function stateBefore(
  { index, count, position: { facts } }: Game,
  program: CourtStruct,
  before: MoveOf<"enterStep">["before"],
): Hex {
  if (index === 0) return facts.before;
  const leaf = leafOf(stepRootOf(program.programHash, facts.step - 1n, before));
  mustBe(facts.history, rootFrom(count, index - 1, leaf, before.path));
  return before.state;
}

export function enterStep(game: Game, move: MoveOf<"enterStep">, { fanout }: Rules): Game {
  turnAt(game, "values", "enter");
  const { program, claim, content } = move;
  const known = game.position.facts;
  checkProgram(program, known.program);
  mustBe(game.position.defender, claimedStep(program, known.step, claim));
  const facts: Facts = {
    ...known,
    before: stateBefore(game, program, move.before),
    ...{ loss: claim.loss, entries: zeroHash, firstStep: 0n, history: zeroHash },
    ...{ valueCount: program.values, numericsId: program.numericsId, records: program.recordsRoot },
  };
  const shown = (level: "values" | "entries", leaves: bigint, sides: { defender: Hex; rival: Hex }): Game => {
    const next = { ...over(game, level, Number(leaves)), position: { facts, ...sides } };
    return withReveal(next, checkReveal(next, sides.defender, { content, fanout }));
  };
  if (claim.valuesRoot !== known.values)
    return shown("values", program.values, { defender: claim.valuesRoot, rival: known.values });
  if (claim.entriesRoot !== known.entries)
    return shown("entries", program.entries, { defender: claim.entriesRoot, rival: known.entries });
  if (bytesOf(content) !== 0) refuse("ContentLength", { length: bytesOf(content), expected: 0 });
  return { ...game, level: "loss", stage: "choose", position: { facts, defender: zeroHash, rival: zeroHash } };
}

export function proveEntry(game: Game, move: MoveOf<"proveEntry">): Game {
  choiceAt(game, "entries");
  const { program, choice, rule, tensorRoot, valuePath } = move;
  const { facts } = game.position;
  checkFirst(game, game.position, choice);
  checkProgram(program, facts.program);
  const leaf = ruleLeaf(rule.name, rule.value);
  mustBe(program.entriesRoot, rootFrom(Number(program.entries), choice.index, leaf, rule.path));
  mustBe(facts.values, rootFrom(Number(facts.valueCount), rule.value, leafOf(tensorRoot), valuePath));
  return refute(game, entryLeaf(rule.name, tensorRoot) === choice.defender);
}

export function proveLoss(game: Game, { program, leaf, valuePath }: MoveOf<"proveLoss">): Game {
  turnAt(game, "loss", "choose");
  const { facts } = game.position;
  checkProgram(program, facts.program);
  if (bytesOf(leaf) !== 128) refuse("ContentLength", { length: bytesOf(leaf), expected: 128 });
  const tensor = tensorRootOf({ dtype: "f32", shape: [1] }, leafOf(leaf));
  mustBe(facts.values, rootFrom(Number(facts.valueCount), Number(program.lossValue), leafOf(tensor), valuePath));
  return refute(game, wordIn(leaf, 0) === facts.loss);
}
