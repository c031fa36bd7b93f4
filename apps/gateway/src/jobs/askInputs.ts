// Asks a third node to fetch and check a job's inputs and to sign that it holds them, for `markInputsReady`. The node is
// of neither party, as the contract wants it; which one is asked first differs from lease to lease.
import type { MarketView } from "@weft/market/MarketView";
import { recoverNoun } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import { inputsSegment } from "@weft/protocol/generated/params";
import * as Held from "@weft/protocol/Held";
import { protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import { call } from "@weft/transport/Request";
import { type Address, type Hex, keccak256 } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";

/** Nodes asked in one round, and how long one may take: it fetches the whole corpus. */
const maxAsked = 4;
const holdTimeoutMs = 60_000;

export interface InputsQuestion {
  leaseId: Hex;
  jobCommitment: Hex;
  provider: NodeId;
  message: StreamMessage<"hold.inputs">;
  /** Answers that come after this time (milliseconds of the clock) are of no use. */
  untilMs: number;
  signal: AbortSignal;
}

/** Staked nodes of neither party, in an order drawn from the lease: the load spreads. */
export function inputsHolders(
  view: Pick<MarketView, "nodes" | "params">,
  lease: { leaseId: Hex; provider: NodeId; buyer: Address },
): NodeId[] {
  const owner = view.nodes.get(lease.provider)?.owner;
  const rank = (nodeId: NodeId) => keccak256(`${lease.leaseId}${nodeId.slice(2)}`);
  return [...view.nodes]
    .filter(([, node]) => node.owner !== owner && node.owner !== lease.buyer && node.stake >= view.params.minStake)
    .map(([nodeId]) => nodeId)
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** The first node's statement that holds; undefined when none of those asked gave one. */
export async function askInputs(
  context: GatewayContext,
  question: InputsQuestion,
  holders: readonly NodeId[],
): Promise<Held.SignedHeld | undefined> {
  const { leaseId, signal } = question;
  try {
    for (const holder of holders.slice(0, maxAsked)) {
      signal.throwIfAborted();
      if (context.clock.now() >= question.untilMs) return undefined;
      context.inputsAsked.set(leaseId, holder);
      try {
        return await askOne(context, question, holder);
      } catch (error) {
        signal.throwIfAborted();
        context.log.info({ holder, leaseId, err: error }, "a node did not hold the inputs");
      }
    }
    return undefined;
  } finally {
    context.inputsAsked.delete(leaseId);
  }
}

async function askOne(context: GatewayContext, question: InputsQuestion, holder: NodeId): Promise<Held.SignedHeld> {
  const peer = context.chain.endpointOf(holder);
  if (peer === undefined)
    throw new WeftError("the node has no endpoint", { code: "holder.unreachable", fault: "network", retryable: true });
  const { body } = await call(context.transport, peer, {
    protocol: protocols.hold,
    requests: { "hold.inputs": streams["hold.inputs"] },
    kind: "hold.inputs",
    body: question.message,
    answers: { "hold.ack": streams["hold.ack"] },
    timeoutMs: Math.max(1, Math.min(holdTimeoutMs, question.untilMs - context.clock.now())),
    signal: question.signal,
  });
  const { leaseId, jobCommitment: checkpoint } = question;
  const wanted: Held.Held = { leaseId, segment: BigInt(inputsSegment), checkpoint, holder };
  const signer = await recoverNoun(context.chain.network, Held.schema, wanted, body.signature);
  if (signer !== context.chain.view().nodes.get(holder)?.operator)
    throw new WeftError("the node signed something else", { code: "holder.statement", fault: "provider" });
  return { held: wanted, signature: body.signature };
}
