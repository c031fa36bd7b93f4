// One line per event of a dispute, for pipes, logs and a job's own lines. Each says whose game it is, as several may be played at once. Pure.
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { reclaimedText, slashedText } from "./disputeVerdict.ts";
import { countText, leafText, type Sides, sidesOf, type Told, wordText } from "./disputeWords.ts";
import { amountOf, grouped, type NodeNames, nameOf, shortHash } from "./figures.ts";

export interface TextOptions {
  names: NodeNames;
  /** Events among which the challenge of the game is found: who its sides are, and which segment it is about. */
  told: readonly DisputeEvent[];
}

export function disputeText(event: DisputeEvent, { names, told }: TextOptions): string {
  const challenged = challengeOf(event, told);
  const sides = challenged === undefined ? { defender: "the node", rival: "the rival" } : sidesOf(names, challenged);
  return `court: ${placeOf(event, challenged)}: ${textOf(event, { sides, names })}`;
}

function challengeOf(event: DisputeEvent, told: readonly DisputeEvent[]): Told<"challenged"> | undefined {
  if (event.kind === "challenged") return event;
  if (event.game === undefined) return undefined;
  return told.find((one) => one.kind === "challenged" && one.game === event.game) as Told<"challenged"> | undefined;
}

/** "segment 5 of node-5, game 0x02148b…c768". */
function placeOf(event: DisputeEvent, challenged: Told<"challenged"> | undefined): string {
  const segment = "segment" in event ? event.segment : challenged?.segment;
  const parts = [
    ...(segment === undefined ? [] : [`segment ${segment}`]),
    ...(event.game === undefined ? [] : [`game ${shortHash(event.game)}`]),
  ];
  return parts.join(", ");
}

function textOf(event: DisputeEvent, { sides, names }: { sides: Sides; names: NodeNames }): string {
  switch (event.kind) {
    case "challenged":
      return `${nameOf(names, event.sponsorNode ?? event.sponsor)} challenges ${nameOf(names, event.nodeId)} (${event.ground}), bond ${amountOf(event.bond)}, gas ${grouped(event.gas)}`;
    case "gameBegan":
      return `${sides.defender} against ${sides.rival}, the clocks run`;
    case "move":
      return `${sides[event.side]} ${event.call}${placeText(event)}, gas ${grouped(event.gas)}${clocksText(event, sides)}`;
    case "verdict":
      return `verdict: ${verdictText(event, sides)}; ${event.moves} moves, gas ${grouped(event.gasOf.defender)} of ${sides.defender} and ${grouped(event.gasOf.rival)} of ${sides.rival}`;
    case "slashed":
      return slashedText(event, names);
    case "voided":
      return `void, since an earlier segment of ${nameOf(names, event.nodeId)} in its lease was found false; rivals have their bonds back`;
    case "rivalLost":
      return `${sides.rival} lost ${amountOf(event.lost)} of its bond: half to ${sides.defender}, half to the treasury`;
    case "reclaimed":
      return reclaimedText(event);
  }
}

function placeText({ place, found = {} }: Told<"move">): string {
  if (place === undefined) return "";
  const left = place.end - place.first;
  if (left === 1) return `: ${leafText(place.level, place, found)}`;
  return `: ${grouped(left)} of ${countText(place.level, place.count)}`;
}

const clocksText = ({ defenderLeft, rivalLeft }: Told<"move">, { defender, rival }: Sides): string =>
  defenderLeft === undefined || rivalLeft === undefined
    ? ""
    : `; clocks ${defender} ${defenderLeft} s, ${rival} ${rivalLeft} s`;

function verdictText({ winner, silent, proof, found, level }: Told<"verdict">, { defender, rival }: Sides): string {
  if (silent) return winner === "rival" ? `${defender} fell silent, the segment is false` : `${rival} fell silent`;
  const { words } = found ?? {};
  const word =
    words?.right === undefined
      ? ""
      : `: ${defender} has ${wordText(words.defender, words.dtype)}, recomputed on chain it is ${wordText(words.right, words.dtype)}`;
  return `${winner === "rival" ? "the segment is false" : "the segment stands"} (${proof ?? level})${word}`;
}
