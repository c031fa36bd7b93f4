// Posted price: the cheapest standing offer that fits takes the order at once. Bids that name the order count too.
import * as Order from "@weft/protocol/Order";
import { bidsFor, standing } from "./Book.ts";
import { type Mechanism, rank, refuseMechanism } from "./Mechanism.ts";

export const postedPrice: Mechanism = {
  name: "postedPrice",
  code: Order.mechanism.postedPrice,
  candidates: (book, order) => [...bidsFor(book, order.hash), ...standing(book)],
  clear: (view, order, candidates) => refuseMechanism(postedPrice, order, candidates) ?? rank(view, order, candidates),
};
