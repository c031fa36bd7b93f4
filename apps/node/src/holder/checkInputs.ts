// May this node say that it holds a job's inputs? A buyer's gateway asks only when a provider is late to start: then the
// statement turns the provider's start fee into the loss of its bond, so it is given to nobody but the lease's buyer,
// by nobody who is a party to the lease, and only for openings that belong to the order. Pure.
//
// Nobody pays for it: it is asked rarely, kept only until the start, and every node that buys or sells may need it.

import type { LeaseFacts } from "@weft/chain/facts";
import type { MarketView } from "@weft/market/MarketView";
import { WeftError } from "@weft/protocol/Errors";
import type { StreamMessage } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import { checkResume, readTerms } from "../leases/checkOpen.ts";
import type { BlobRef } from "../leases/LeaseBody.ts";

/** Leases of one buyer, and of all, whose inputs a node holds at once. */
export const mostInputsOfBuyer = 4;
export const mostInputs = 32;

export interface InputsRequest {
  message: StreamMessage<"hold.inputs">;
  /** Operator address of the asking peer. */
  from: string;
}

export interface HolderState {
  nodeId: NodeId;
  view: Pick<MarketView, "nodes" | "params">;
  lease: LeaseFacts;
  /** Buyers of the leases whose inputs are held now. */
  buyers: readonly string[];
  /** Bytes this node may still promise to hold. */
  bytesLeft: number;
}

/**
 * What has to be fetched before the statement may be signed: the corpus, and the checkpoint the run continues from.
 * @throws WeftError `hold.…` with the reason, `details.…` of readTerms, `job.resume`
 */
export function checkInputs(state: HolderState, { message, from }: InputsRequest): BlobRef[] {
  const { lease } = state;
  if (from !== lease.voucherKey) throw refusal("hold.notBuyer", "inputs are held for the lease's session key only");
  if (lease.state !== "open") throw refusal("hold.tooLate", `the lease is ${lease.state} already`);
  checkApart(state);
  const { program, corpus, start } = readTerms(lease.jobCommitment, message.details);
  if (corpus.bytes !== program.corpusBytes)
    throw refusal("hold.corpus", "corpus and program disagree on the corpus' length");
  checkResume(program, message.resume);
  const ofBuyer = state.buyers.filter((buyer) => buyer === lease.buyer).length;
  if (ofBuyer >= mostInputsOfBuyer || state.buyers.length >= mostInputs)
    throw refusal("hold.quota", "this node holds inputs of enough leases already", true);
  const origin = message.resume ?? start;
  const wanted = origin === null ? [corpus] : [corpus, { contentId: origin.checkpoint, bytes: origin.bytes }];
  if (wanted.reduce((sum, { bytes }) => sum + bytes, 0) > state.bytesLeft)
    throw refusal("hold.full", "this node holds as much as its owner allows", true);
  return wanted;
}

/** The contract's own conditions for a holder of inputs: staked, and neither the buyer's nor the provider's. */
function checkApart({ nodeId, view, lease }: HolderState): void {
  const own = view.nodes.get(nodeId);
  const provider = view.nodes.get(lease.nodeId);
  if (own === undefined || own.stake < view.params.minStake)
    throw refusal("hold.stake", "this node has too little stake to be heard");
  if (own.owner === lease.buyer || own.owner === provider?.owner)
    throw refusal("hold.party", "this node belongs to a party of the lease");
}

const refusal = (code: string, message: string, retryable = false) =>
  new WeftError(message, { code, fault: "caller", retryable });
