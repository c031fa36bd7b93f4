// A job's details for an auditor, or for a side of a dispute whose disk lost them, from whoever has them: provider, gateway, holders. The openings are proven against the
// order's commitment on chain, so it does not matter who answers; where a start checkpoint is had is only a hint.

import type { LeaseFacts } from "@weft/chain/facts";
import { WeftError } from "@weft/protocol/Errors";
import { type Opening, type Peer, protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import { call } from "@weft/transport/Request";
import type { Hex } from "viem";
import { type JobTerms, readTerms } from "../leases/checkOpen.ts";
import type { BlobRef } from "../leases/LeaseBody.ts";
import type { NodeContext } from "../NodeContext.ts";

export interface DetailsQuestion {
  lease: LeaseFacts;
  segment: bigint;
  sources: readonly Peer[];
  signal: AbortSignal;
}

export interface FoundDetails {
  terms: JobTerms;
  /** Every field opened, as the order commits to it. */
  details: Opening[];
  /** A checkpoint that whoever answered takes for the segment's start. */
  hint: BlobRef | undefined;
}

const timeoutMs = 10_000;
const mostAsked = 8;

/** Provider, gateway, holders: whoever answers first with openings that fit. */
export function sourcesOf(context: NodeContext, about: { lease: LeaseFacts; holders: readonly Hex[] }): Peer[] {
  const gateway = context.gateways.get(about.lease.orderHash);
  const nodes = [about.lease.nodeId, ...about.holders].map((nodeId) => context.peerOf(nodeId));
  const { peerId } = context.transport;
  return [nodes[0], gateway, ...nodes.slice(1)].filter(
    (peer) => peer !== undefined && peer.peerId !== peerId,
  ) as Peer[];
}

/** @throws WeftError `audit.noDetails` */
export async function askDetails(context: NodeContext, question: DetailsQuestion): Promise<FoundDetails> {
  const { lease, segment, signal } = question;
  const problems: string[] = [];
  for (const peer of question.sources.slice(0, mostAsked)) {
    try {
      const { body } = await call(context.transport, peer, {
        protocol: protocols.details,
        requests: { "details.request": streams["details.request"] },
        kind: "details.request",
        body: { leaseId: lease.leaseId, segment },
        answers: { details: streams.details },
        timeoutMs,
        signal,
      });
      const { details } = body;
      return { terms: readTerms(lease.jobCommitment, details), details, hint: hintOf(body) };
    } catch (error) {
      signal.throwIfAborted();
      problems.push(error instanceof Error ? error.message.slice(0, 100) : "failed");
    }
  }
  throw new WeftError("nobody gave the job's details", {
    code: "audit.noDetails",
    fault: "provider",
    retryable: true,
    details: { asked: problems.join("; ").slice(0, 400) || "nobody to ask" },
  });
}

const hintOf = ({ start }: StreamMessage<"details">): BlobRef | undefined =>
  start === undefined ? undefined : { contentId: start.checkpoint, bytes: start.bytes };
