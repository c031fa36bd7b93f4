// Asks one drawn node to hold a checkpoint and checks its signed statement.
import { recover } from "@weft/chain/Keys";
import { digestOf } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import * as Held from "@weft/protocol/Held";
import { protocols, streams } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import { call } from "@weft/transport/Request";
import type { NodeContext } from "../NodeContext.ts";
import type { SegmentWork } from "./decideSegment.ts";

/** The holder fetches the whole checkpoint before it answers. */
const holdTimeoutMs = 60_000;

/** @throws WeftError `holder.unreachable`, `holder.statement`; WireError with the holder's own code when it refuses */
export async function askHolder(
  context: NodeContext,
  work: SegmentWork,
  options: { holder: NodeId; signal: AbortSignal },
): Promise<Held.SignedHeld> {
  const { commitment } = work;
  const peer = context.peerOf(options.holder);
  if (peer === undefined)
    throw new WeftError(`no address is known of holder ${options.holder}`, {
      code: "holder.unreachable",
      fault: "network",
      retryable: true,
    });
  const answer = await call(context.transport, peer, {
    protocol: protocols.hold,
    requests: { "hold.request": streams["hold.request"] },
    kind: "hold.request",
    body: {
      leaseId: commitment.leaseId,
      segment: commitment.segment,
      checkpoint: commitment.checkpoint,
      bytes: work.checkpointBytes,
      sources: [context.self()],
    },
    answers: { "hold.ack": streams["hold.ack"] },
    timeoutMs: holdTimeoutMs,
    signal: options.signal,
  });
  checkHeld(context, work, { signed: answer.body, holder: options.holder });
  return answer.body;
}

function checkHeld(context: NodeContext, work: SegmentWork, by: { signed: Held.SignedHeld; holder: NodeId }): void {
  const { held, signature } = by.signed;
  const { leaseId, segment, checkpoint } = work.commitment;
  const expected: Held.Held = { leaseId, segment, checkpoint, holder: by.holder };
  const same = Object.entries(expected).every(([field, value]) => held[field as keyof Held.Held] === value);
  const signer = recover({ digest: digestOf(context.chain.network, Held.schema, expected), signature });
  if (!same || signer === undefined || signer !== context.chain.view()?.nodes.get(by.holder)?.operator)
    throw new WeftError(`holder ${by.holder} signed something else`, { code: "holder.statement", fault: "provider" });
}
