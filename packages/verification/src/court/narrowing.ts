// Reveals and choices: from the root of a tree to one of its leaves (contracts/src/court/Narrowing.sol).
import { rangeBelow, treeHeight } from "@weft/tensor/commit/HashTree";
import type { Hex } from "viem";
import type { Game, Level, Position, Reveal } from "./Game.ts";
import { bytesOf, climb, itemsOf, leafOf, mustBe, rootAbove } from "./hashes.ts";
import type { MoveOf } from "./Move.ts";
import { refuse } from "./refuse.ts";

/** The height of the nodes that a reveal shows. 32-byte items make `fanout` of them; leaves a quarter as many, words 4 times. */
export function shownBelow(level: Level, height: number, fanout: number): number {
  const narrowing = treeHeight(fanout);
  if (level !== "leaves" && level !== "accs") return Math.max(height - narrowing, 0);
  const last = level === "accs" ? narrowing + 2 : Math.max(narrowing - 2, 0);
  return height <= last ? 0 : Math.max(height - narrowing, last);
}

/** Bytes of one item of a reveal. */
export function itemBytes(level: Level, shown: number): number {
  if (shown !== 0) return 32;
  if (level === "leaves") return 128;
  return level === "accs" ? 4 : 32;
}

/** The hashes that the items of a reveal stand for, left to right. */
export function revealedNodes({ level, shown, content }: Reveal): Hex[] {
  const items = itemsOf(content, itemBytes(level, shown));
  return shown === 0 && level !== "entries" ? items.map(leafOf) : items;
}

type Shown = Pick<Game, "level" | "height" | "index" | "count">;

/** A reveal below a place, whose hash on the defender's side is `node`. */
export function checkReveal(at: Shown, node: Hex, { content, fanout }: { content: Hex; fanout: number }): Reveal {
  const { level, height, index, count } = at;
  const shown = shownBelow(level, height, fanout);
  const [first, end] = rangeBelow(count, { height, index }, shown);
  const expected = (end - first) * itemBytes(level, shown);
  if (bytesOf(content) !== expected) refuse("ContentLength", { length: bytesOf(content), expected });
  const reveal: Reveal = { level, height, index, shown, content };
  mustBe(node, rootAbove(revealedNodes(reveal)));
  return reveal;
}

/** The game with a reveal made: it is the rival's turn. */
export const withReveal = (game: Game, reveal: Reveal): Game => ({
  ...game,
  ...{ stage: "choose", shown: reveal.shown, revealed: reveal },
});

/** The choice among the nodes just revealed: it is there, differs, and everything left of it is shared. */
export function checkFirst(
  game: Pick<Game, "height" | "index" | "count" | "shown">,
  above: Pick<Position, "defender" | "rival">,
  choice: { readonly index: number; readonly defender: Hex; readonly rival: Hex; readonly siblings: readonly Hex[] },
): void {
  const { height, index, count, shown } = game;
  const [first, end] = rangeBelow(count, { height, index }, shown);
  if (choice.index < first || choice.index >= end) refuse("IndexOutside", { index: choice.index, first, end });
  if (choice.defender === choice.rival) refuse("NoDifference");
  const found = climb({ leaves: count, index: choice.index, from: shown, to: height }, choice, choice.siblings);
  mustBe(above.defender, found.defender);
  mustBe(above.rival, found.rival);
}

export function reveal(game: Game, { content }: MoveOf<"reveal">, { fanout }: { fanout: number }): Game {
  if (game.stage !== "reveal") refuse("WrongStage", { level: game.level, stage: game.stage });
  return withReveal(game, checkReveal(game, game.position.defender, { content, fanout }));
}

export function choose(game: Game, { choice }: MoveOf<"choose">): Game {
  if (game.stage !== "choose") refuse("WrongStage", { level: game.level, stage: game.stage });
  // At a level without a tree, or among its leaves, a choice comes with what follows from it.
  if (game.shown === 0) refuse("WrongHeight", { height: 0 });
  checkFirst(game, game.position, choice);
  const { defender, rival, index } = choice;
  const position = { ...game.position, defender, rival };
  return { ...game, stage: "reveal", height: game.shown, index, shown: 0, position };
}
