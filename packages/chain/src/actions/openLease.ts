// Opens a lease from a signed offer and a signed order: the one transaction that matches a buyer with a provider.

import { zeroHash } from "@weft/protocol/fields";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import type { Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface OpenLeaseOptions {
  offer: Offer.SignedOffer;
  order: Order.SignedOrder;
  /** 0, or n+1 after fill n ended by the provider's fault. */
  fill?: number;
  /** offerHash of fill n; only with fill n+1. */
  previousOfferHash?: Hex;
  /** Stablecoin units for the sender, at most the order's maxFee. */
  fee?: bigint;
}

/** The lease this opens has id `Order.leaseId(orderHash, offerHash, fill)`; the intent's key is that id. */
export function openLease(client: ChainClient, options: OpenLeaseOptions): Intent {
  const { offer, order, fill = 0 } = options;
  const leaseId = Order.leaseId(Order.hash(order.order), Offer.hash(offer.offer), fill);
  return intentFor(client, {
    kind: "openLease",
    subject: leaseId,
    contract: "market",
    functionName: "open",
    args: [
      // The nouns hold every integer as bigint; the ABI types want number up to 48 bits, the encoder takes either.
      offer.offer as never,
      offer.signature,
      order.order as never,
      order.signature,
      fill,
      options.previousOfferHash ?? zeroHash,
      options.fee ?? 0n,
    ],
  });
}
