// One line per event of a dispute, for pipes, logs and a job's own lines. Pure.
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { reclaimedText, slashedText } from "./disputeVerdict.ts";
import { countText, leafText, type Told, wordText } from "./disputeWords.ts";
import { amountOf, grouped, type NodeNames, nameOf, shortHash } from "./figures.ts";

export function disputeText(event: DisputeEvent, names: NodeNames): string {
  const game = event.game === undefined ? "" : ` ${shortHash(event.game)}`;
  switch (event.kind) {
    case "challenged":
      return `court: ${nameOf(names, event.sponsorNode ?? event.sponsor)} challenges segment ${event.segment} of ${nameOf(names, event.nodeId)} (${event.ground}), bond ${amountOf(event.bond)}, gas ${grouped(event.gas)}: game${game}`;
    case "move":
      return `court: ${event.side === "defender" ? "node " : "rival"} ${event.call}${placeText(event)}, gas ${grouped(event.gas)}${clocksText(event)}`;
    case "verdict":
      return `court: verdict in game${game}: ${verdictText(event)}; ${event.moves} moves, gas ${grouped(event.gasOf.defender)} of the node and ${grouped(event.gasOf.rival)} of the rival`;
    case "slashed":
      return `court: ${slashedText(event, names)}`;
    case "rivalLost":
      return `court: the rival of game${game} lost ${amountOf(event.lost)}: half to the node, half to the treasury`;
    case "reclaimed":
      return `court: game${game}: ${reclaimedText(event)}`;
  }
}

function placeText({ place, found = {} }: Told<"move">): string {
  if (place === undefined) return "";
  const left = place.end - place.first;
  if (left === 1) return `: ${leafText(place.level, place, found)}`;
  return `: ${grouped(left)} of ${countText(place.level, place.count)}`;
}

const clocksText = ({ defenderLeft, rivalLeft }: Told<"move">): string =>
  defenderLeft === undefined || rivalLeft === undefined ? "" : `; clocks ${defenderLeft} s and ${rivalLeft} s`;

function verdictText({ winner, silent, proof, found, level }: Told<"verdict">): string {
  if (silent) return winner === "rival" ? "the node fell silent, the segment is false" : "the rival fell silent";
  const { words } = found ?? {};
  const word =
    words?.right === undefined
      ? ""
      : `: the node has ${wordText(words.defender, words.dtype)}, recomputed on chain it is ${wordText(words.right, words.dtype)}`;
  return `${winner === "rival" ? "the segment is false" : "the segment stands"} (${proof ?? level})${word}`;
}
