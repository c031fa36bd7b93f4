// Gets what an audit needs from whoever has it, checks it against the chain, runs the segment again, gives the verdict.
//
// Trusted: the order's commitment, the segment's commitment and the previous segment's checkpoint id, all from the chain.
// Everything else (details, corpus, checkpoint) is proven by hash before it is used.
import { WeftError } from "@weft/protocol/Errors";
import { type Peer, protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { historyRoot, proveStep } from "@weft/tensor/HashLayout";
import { call } from "@weft/transport/Request";
import { auditStep } from "@weft/verification/draw";
import { type Verdict, verdictOf } from "@weft/verification/verdict";
import { bytesToHex, type Hex } from "viem";
import type { LeaseFacts } from "../chain/NodeChain.ts";
import { firstSegmentOf, type JobTerms, readTerms } from "../leases/checkOpen.ts";
import { fetchContent } from "../leases/fetchContent.ts";
import type { BlobRef } from "../leases/LeaseBody.ts";
import { auditPin, type NodeContext } from "../NodeContext.ts";

export interface AuditSubject {
  lease: LeaseFacts;
  commitment: SegmentCommitment;
  /** Of the segment's draw. */
  seed: Hex;
  holders: readonly Hex[];
  signal: AbortSignal;
}

/** Least favoured: paid work goes first on a shared machine. */
const auditNice = 15;
const detailsTimeoutMs = 10_000;

/** @throws WeftError `audit.noDetails`, `content.unavailable`, `audit.startRoot`, or the runtime's */
export async function replayForVerdict(context: NodeContext, subject: AuditSubject): Promise<Verdict> {
  const { lease, commitment, signal } = subject;
  const { terms, start } = await detailsOf(context, subject);
  const pin = auditPin(lease.leaseId, commitment.segment);
  const sources = sourcesOf(context, subject);
  await fetchContent(context, { content: terms.corpus, sources, pin, signal });
  if (start !== undefined) await fetchContent(context, { content: start, sources, pin, signal });
  const step = auditStep(subject.seed, context.nodeId, commitment);
  const segment = firstSegmentOf(terms.program, Number(commitment.firstStep));
  const { threads, memoryMiB } = context.settings.caps;
  const replay = await context.replay({
    program: terms.program,
    corpusPath: context.blobs.path(terms.corpus.contentId),
    segment,
    ...(start === undefined
      ? {}
      : { start: { checkpointPath: context.blobs.path(start.contentId), contentId: start.contentId, segment } }),
    proofSteps: [Number(step)],
    limits: { threads, memoryMiB, nice: auditNice },
    signal,
  });
  context.blobs.unpinAll(pin);
  const proof = replay.proofs[0];
  if (proof === undefined) throw new WeftError("the replay proved no step", { code: "audit.replay", fault: "us" });
  const { stepRoot, path } = proof;
  if (context.faults.lyingAuditor === true) return lie(commitment, step);
  return verdictOf(commitment, { historyRoot: replay.trace.historyRoot, stepRoot, path });
}

/** Test fault only: a history of invented steps, which opens like a true one. */
function lie(commitment: SegmentCommitment, step: bigint): Verdict {
  const count = Number(commitment.lastStep - commitment.firstStep) + 1;
  const invented = Array.from({ length: count }, (_, index) => new Uint8Array(32).fill((index % 255) + 1));
  const index = Number(step - commitment.firstStep);
  return {
    ok: false,
    stepRoot: bytesToHex(invented[index] as Uint8Array),
    path: proveStep(invented, index).map((node) => bytesToHex(node)),
    altHistoryRoot: bytesToHex(historyRoot(invented)),
  };
}

/** Provider, gateway, holders: whoever answers first with openings that fit. */
function sourcesOf(context: NodeContext, { lease, holders }: AuditSubject): Peer[] {
  const gateway = context.gateways.get(lease.orderHash);
  const nodes = [lease.nodeId, ...holders].map((nodeId) => context.peerOf(nodeId));
  return [nodes[0], gateway, ...nodes.slice(1)].filter((peer) => peer !== undefined);
}

async function detailsOf(
  context: NodeContext,
  subject: AuditSubject,
): Promise<{ terms: JobTerms; start: BlobRef | undefined }> {
  const { lease, commitment } = subject;
  const problems: string[] = [];
  for (const peer of sourcesOf(context, subject).slice(0, 4)) {
    try {
      const { body } = await call(context.transport, peer, {
        protocol: protocols.details,
        requests: { "details.request": streams["details.request"] },
        kind: "details.request",
        body: { leaseId: lease.leaseId, segment: commitment.segment },
        answers: { details: streams.details },
        timeoutMs: detailsTimeoutMs,
        signal: subject.signal,
      });
      return { terms: readTerms(lease.jobCommitment, body.details), start: startOf(context, subject, body) };
    } catch (error) {
      subject.signal.throwIfAborted();
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

/** The state the segment starts from: what the chain says the segment before ended in, where there was one. */
function startOf(
  context: NodeContext,
  { lease, commitment }: AuditSubject,
  details: StreamMessage<"details">,
): BlobRef | undefined {
  if (commitment.firstStep === 0n) return undefined;
  const { start } = details;
  const before = context.chain.segments(lease.leaseId).find(({ segment }) => segment === commitment.segment - 1n);
  if (start === undefined || (before !== undefined && before.checkpoint !== start.checkpoint))
    throw new WeftError("the start checkpoint is not the one that was committed", {
      code: "audit.start",
      fault: "provider",
    });
  return { contentId: start.checkpoint, bytes: start.bytes };
}
