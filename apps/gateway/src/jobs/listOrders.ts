// The orders this gateway signed, and what the chain still lets them do: what a person must know before withdrawing one.
import type { MarketView } from "@weft/market/MarketView";
import * as Order from "@weft/protocol/Order";
import type { GatewayContext } from "../GatewayContext.ts";
import { decode } from "./JobRecord.ts";

/**
 * `open`: may still open a lease, or a further fill after a provider's fault. `leased`: a lease of it is open.
 * `used`: its leases are over. `cancelled`: withdrawn on the chain, by nonce or by epoch. `expired`: its time is over.
 */
export type OrderState = "open" | "leased" | "used" | "cancelled" | "expired";

export function orderState(view: MarketView, order: Order.Order): OrderState {
  const past = view.orders.get(Order.hash(order));
  if (past?.blocked === "open") return "leased";
  const buyer = view.buyers.get(order.buyer);
  if (order.buyerEpoch !== (buyer?.epoch ?? 0n) || buyer?.nonces.has(order.nonce) === true) return "cancelled";
  if (past !== undefined && (past.blocked !== undefined || past.fills >= view.params.maxFills)) return "used";
  return view.now >= order.expiresAt ? "expired" : "open";
}

/** Every order of each job, as JSON data: amounts and nonces as decimal text, times in Unix seconds. */
export function listOrders(context: Pick<GatewayContext, "store" | "chain">): object[] {
  const view = context.chain.view();
  return context.store.listJobs().flatMap(({ jobId, record }) => {
    return decode(record).orders.map(({ order, orderHash }) => ({
      jobId,
      orderHash,
      buyer: order.buyer,
      nonce: order.nonce.toString(),
      state: orderState(view, order),
      budget: order.budget.toString(),
      maxPricePerUnitSecond: order.maxPricePerUnitSecond.toString(),
      expiresAt: Number(order.expiresAt),
    }));
  });
}
