// What comes in by gossip: checks an offer or an order against signature, chain snapshot and book, and gives the verdict
// for relaying. Refusals are counted by code, so that a node can say what it is being sent.
// The rules are those of market/admission, which gateways relay by too.
import { recover } from "@weft/chain/Keys";
import { ignore, offerRefusal, orderRefusal, orderSigner, passOn, type Refusal, reject } from "@weft/market/admission";
import * as Book from "@weft/market/Book";
import type { MarketView } from "@weft/market/MarketView";
import { digestOf, type Network } from "@weft/protocol/Domain";
import type { GossipMessage } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { operatorOf } from "@weft/transport/PeerIdentity";
import type { GossipVerdict } from "@weft/transport/Transport";
import type { Address, Hex } from "viem";
import { notePeer, type PeerDirectory } from "./PeerDirectory.ts";

export interface Intake {
  readonly network: Network;
  readonly book: Book.Book;
  readonly directory: PeerDirectory;
  /** Latest snapshot; undefined until the first one. */
  view(): MarketView | undefined;
  /** Asks a contract buyer whether it signed (ERC-1271); one eth_call. */
  contractSigned(query: { account: Address; digest: Hex; signature: Hex }): Promise<boolean>;
  /** Refusals so far by code. */
  readonly refused: Map<string, number>;
  /** When an entry was last passed on, by hash. */
  readonly relayed: Map<string, number>;
  nowMs(): number;
}

function refuse(intake: Intake, refusal: Refusal): GossipVerdict {
  // Codes are a fixed set of this code base, so the map is bounded.
  intake.refused.set(refusal.code, (intake.refused.get(refusal.code) ?? 0) + 1);
  return refusal.verdict;
}

/** Takes a standing offer into the book. `accept` when it is news or worth passing on once more. */
export function takeOffer(intake: Intake, message: GossipMessage<"offer">): GossipVerdict {
  const view = intake.view();
  if (view === undefined) return refuse(intake, ignore("chain.noView"));
  const { offer, signature, peer } = message;
  const signer = recover({ digest: digestOf(intake.network, Offer.schema, offer), signature });
  if (signer === undefined) return refuse(intake, reject("signature.malformed"));
  const refusal = offerRefusal(view, { offer, signer, peerOperator: peerOperator(peer.peerId) });
  if (refusal !== undefined) return refuse(intake, refusal);
  const hash = Offer.hash(offer);
  const outcome = Book.addOffer(intake.book, { offer, hash, signature, signer }, view.now);
  if (!outcome.kept && outcome.code !== "duplicate") return refuse(intake, ignore(`offer.${outcome.code}`));
  // A repeat still tells where the node is now.
  notePeer(intake.directory, offer.nodeId, peer);
  return again(intake, hash, "offer.duplicate");
}

function peerOperator(peerId: string): Address | undefined {
  try {
    return operatorOf(peerId);
  } catch {
    return undefined;
  }
}

/** Takes an order into the book. `accept` when it is news, signed and funded, or worth passing on once more. */
export async function takeOrder(intake: Intake, message: GossipMessage<"order">): Promise<GossipVerdict> {
  const view = intake.view();
  if (view === undefined) return refuse(intake, ignore("chain.noView"));
  const { order, signature } = message;
  const hash = Order.hash(order);
  if (intake.book.orders.has(hash)) return again(intake, hash, "order.duplicate");
  const signed = await checkSigner(intake, view, message);
  if ("verdict" in signed) return refuse(intake, signed);
  const entry = { order, hash, signature, signer: signed.signer };
  const refusal = orderRefusal(view, entry);
  if (refusal !== undefined) return refuse(intake, refusal);
  const outcome = Book.addOrder(intake.book, entry, view.now);
  if (!outcome.kept) return refuse(intake, ignore(`order.${outcome.code}`));
  intake.relayed.set(hash, intake.nowMs());
  return "accept";
}

function again(intake: Intake, key: string, code: string): GossipVerdict {
  return passOn(intake.relayed, key, intake.nowMs()) ? "accept" : refuse(intake, ignore(code));
}

/** As orderSigner; a buyer that is a contract is asked, one call. */
async function checkSigner(
  intake: Intake,
  view: MarketView,
  message: GossipMessage<"order">,
): Promise<{ signer: Address } | Refusal> {
  const { order, signature } = message;
  const digest = digestOf(intake.network, Order.schema, order);
  const known = orderSigner(view, order, signature.length === 132 ? recover({ digest, signature }) : undefined);
  if (known !== "contract") return known;
  const signed = await intake.contractSigned({ account: order.buyer, digest, signature }).catch(() => undefined);
  if (signed === undefined) return ignore("order.unchecked");
  return signed ? { signer: order.buyer } : reject("order.signer");
}
