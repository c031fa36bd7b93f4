// How a dispute ended: who won and by what, and what it cost the loser, with the amounts. Pure.
import * as Amount from "@weft/protocol/Amount";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { type Sides, sidesOf, type Told, valueText, wordText } from "./disputeWords.ts";
import { amountOf, grouped, type NodeNames, nameOf } from "./figures.ts";
import { type Look, paint } from "./terminalText.ts";

export const weftText = (units: string): string => `${Amount.format(BigInt(units), Amount.weftDecimals)} WEFT`;

/** Why the one who lost has lost. */
export function reasonText({ silent, proof, found = {}, winner }: Told<"verdict">, sides: Sides): string {
  if (silent) return `${winner === "defender" ? sides.rival : sides.defender} let its clock run out`;
  const { words, entry } = found;
  if (words?.right !== undefined) {
    const at = valueText(found);
    const of = at === "" ? "the word" : `the word of ${at}`;
    return `${of} is ${wordText(words.right, words.dtype)}, recomputed on chain`;
  }
  if (proof === "proveEntry") return `${entry ?? "an entry"} after the step isn't what its value is`;
  if (proof === "proveState") return `${entry ?? "an input"} isn't the state's before the step`;
  if (proof === "proveRate") return "the rate isn't the schedule's";
  if (proof === "proveConstant") return "a constant isn't the program's";
  return "proven at once";
}

/** One line a fact; nothing while the game goes on. */
export function verdictLines(events: readonly DisputeEvent[], options: { look: Look; names: NodeNames }): string[] {
  const { look, names } = options;
  const challenged = events.find((event) => event.kind === "challenged");
  return events.flatMap((event) => {
    if (event.kind === "verdict" && challenged !== undefined) {
      const sides = sidesOf(names, challenged);
      const line = `verdict: ${sides[event.winner]} wins: ${reasonText(event, sides)}; ${event.moves} moves`;
      return [paint(look, event.winner === "rival" ? "red" : "green", line)];
    }
    if (event.kind === "slashed") return slashedParts(event, names).map((line) => paint(look, "red", line));
    if (event.kind === "rivalLost")
      return [`the rival lost ${amountOf(event.lost)} of its bond: half to the node, half to the treasury`];
    if (event.kind === "reclaimed") return [reclaimedText(event)];
    return [];
  });
}

export const reclaimedText = ({ bond }: Told<"reclaimed">): string =>
  `the segment is void, by another rival's game or an earlier segment's: the bond of ${amountOf(bond)} is back`;

/** The whole of it in one line. */
export const slashedText = (event: Told<"slashed">, names: NodeNames): string =>
  slashedParts(event, names)
    .map((part) => part.trim())
    .join("; ");

function slashedParts(event: Told<"slashed">, names: NodeNames): string[] {
  const { nodeId, sponsor, sponsorNode, bondToSponsor, bondToBuyer, stakeBurnt, pattern, gas, segment } = event;
  const lost = BigInt(bondToSponsor) + BigInt(bondToBuyer);
  const to = `${amountOf(bondToSponsor)} to ${nameOf(names, sponsorNode ?? sponsor)}, ${amountOf(bondToBuyer)} to the buyer`;
  return [
    `slashed: ${nameOf(names, nodeId)} ${lost === 0n ? "has no bond left to lose" : `loses its bond of ${amountOf(lost)}: ${to}`}`,
    `         ${weftText(stakeBurnt)} of its stake burnt (${pattern ? "a further fault" : "its first fault"})`,
    `         segment ${segment} and all after it are void; gas ${grouped(gas)}`,
  ];
}
