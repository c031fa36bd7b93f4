// When a segment earns pay: somebody besides its provider can hand out its checkpoint. DESIGN "Availability".
//
//   voucher   the buyer's gateway holds the checkpoint, and one drawn holder signed that it does
//   accrue    (gateway offline) two drawn holders signed; fewer only where fewer exist, never none
//   withheld  never
//
// Not here: checking the holders' signatures and the checkpoint's bytes; pass only what was checked.
import type { NodeId } from "@weft/protocol/NodeId";

export interface Availability {
  /** The commitment is on chain and is the one reported. */
  committed: boolean;
  /** The segment, or one before it, was found false. */
  voided: boolean;
  /** A drawn auditor accused a segment of this lease and the case is open: pay is paused. */
  accused: boolean;
  /** undefined until the beacon's round is known. */
  drawnHolders: readonly NodeId[] | undefined;
  /** Nodes whose statement for exactly this checkpoint was checked. */
  heldBy: readonly NodeId[];
  /** This gateway has the checkpoint's bytes and they fit the commitment. */
  gatewayHolds: boolean;
}

export type PayMode = "voucher" | "accrue";

export type NotPayable =
  | { code: "segment.uncommitted" }
  | { code: "segment.voided" }
  | { code: "segment.accused" }
  | { code: "segment.undrawn" }
  | { code: "segment.withheld" }
  | { code: "segment.unheld"; have: number; need: number };

export type Payable = { payable: true } | { payable: false; why: NotPayable };

const holdersNeeded: Record<PayMode, number> = { voucher: 1, accrue: 2 };

export function payable(mode: PayMode, facts: Availability): Payable {
  const why = refusalOf(mode, facts);
  return why === undefined ? { payable: true } : { payable: false, why };
}

function refusalOf(mode: PayMode, facts: Availability): NotPayable | undefined {
  if (!facts.committed) return { code: "segment.uncommitted" };
  if (facts.voided) return { code: "segment.voided" };
  if (facts.accused) return { code: "segment.accused" };
  if (facts.drawnHolders === undefined) return { code: "segment.undrawn" };
  if (mode === "voucher" && !facts.gatewayHolds) return { code: "segment.withheld" };
  const drawn = new Set(facts.drawnHolders);
  const have = new Set(facts.heldBy.filter((holder) => drawn.has(holder))).size;
  const need = Math.max(1, Math.min(holdersNeeded[mode], drawn.size));
  return have < need ? { code: "segment.unheld", have, need } : undefined;
}

const lines: Record<NotPayable["code"], string> = {
  "segment.uncommitted": "its commitment is not on chain",
  "segment.voided": "it was found false, or follows a segment that was",
  "segment.accused": "an auditor accused a segment of this lease; pay waits for a second one",
  "segment.undrawn": "the beacon has not drawn its holders yet",
  "segment.withheld": "its checkpoint was not handed out",
  "segment.unheld": "too few drawn nodes signed that they hold its checkpoint",
};

/** One line for a person, and for the provider. */
export const explainNotPayable = (why: NotPayable): string =>
  why.code === "segment.unheld" ? `${lines[why.code]} (${why.have} of ${why.need})` : lines[why.code];
