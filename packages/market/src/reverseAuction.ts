// Reverse auction: providers answer one order with signed bids until `biddingEndsAt`; the lowest that fits wins and is
// paid its own bid (first price, open bids). Before the end nothing clears; `judge` says for how long.
import * as Order from "@weft/protocol/Order";
import { bidsFor } from "./Book.ts";
import { type Mechanism, rank, refuseMechanism } from "./Mechanism.ts";

export const reverseAuction: Mechanism = {
  name: "reverseAuction",
  code: Order.mechanism.reverseAuction,
  candidates: (book, order) => bidsFor(book, order.hash),
  clear: (view, order, candidates) =>
    refuseMechanism(reverseAuction, order, candidates) ?? rank(view, order, candidates),
};
