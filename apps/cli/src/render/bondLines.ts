// What disputes moved besides pay: halves of bonds, and stake that is gone. Pure.
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { weftText } from "./disputeVerdict.ts";
import type { Told } from "./disputeWords.ts";
import { amountOf, type NodeNames, nameOf } from "./figures.ts";
import type { JobView } from "./JobView.ts";
import { tableLines } from "./table.ts";
import { type Look, paint, uncut } from "./terminalText.ts";

type Row = [who: string, what: string, amount: string];

/** Nothing where no court decided anything. */
export function bondLines(
  { disputes }: Pick<JobView, "disputes">,
  options: { look: Look; names: NodeNames },
): string[] {
  const { look, names } = options;
  const rows = disputes.flatMap((event): Row[] => {
    if (event.kind === "slashed") return slashedRows(event, names);
    return event.kind === "rivalLost" ? rivalRows(event, { disputes, names }) : [];
  });
  if (rows.length === 0) return [];
  const columns = [{ title: "to" }, { title: "of" }, { title: "amount", align: "right" as const }];
  return [paint(look, "bold", "what the court moved"), ...tableLines(columns, rows, uncut(look))];
}

function slashedRows(event: Told<"slashed">, names: NodeNames): Row[] {
  const { nodeId, sponsor, sponsorNode, bondToSponsor, bondToBuyer, stakeBurnt, segment } = event;
  const bond = `the bond of ${nameOf(names, nodeId)}, segment ${segment}`;
  const rows: Row[] = [
    [nameOf(names, sponsorNode ?? sponsor), bond, amountOf(bondToSponsor)],
    ["buyer", bond, amountOf(bondToBuyer)],
  ];
  return [
    ...rows.filter((_, index) => BigInt(index === 0 ? bondToSponsor : bondToBuyer) > 0n),
    ["burnt", `the stake of ${nameOf(names, nodeId)}, segment ${segment}`, weftText(stakeBurnt)],
  ];
}

/** Half to the node that was challenged wrongly, half to the treasury. */
function rivalRows(
  { game, lost }: Told<"rivalLost">,
  { disputes, names }: { disputes: readonly DisputeEvent[]; names: NodeNames },
): Row[] {
  const about = disputes.find((event) => event.kind === "challenged" && event.game === game) as
    | Told<"challenged">
    | undefined;
  const bond = `the bond of ${about === undefined ? "a rival" : nameOf(names, about.sponsorNode ?? about.sponsor)}`;
  const half = BigInt(lost) / 2n;
  return [
    [about === undefined ? "the node" : nameOf(names, about.nodeId), bond, amountOf(half)],
    ["treasury", bond, amountOf(BigInt(lost) - half)],
  ];
}
