// Gets what an audit needs from whoever has it, checks it against the chain, runs the segment again, gives the verdict.
//
// Trusted: the order's commitment and the segments' commitments, all from the chain. Where the segment has to begin
// follows from them alone (segmentStart.ts). Everything else (details, corpus, checkpoint) is proven by hash.

import type { LeaseFacts } from "@weft/chain/facts";
import type { Replay } from "@weft/compute/tensor/replaySegment";
import { hasCode } from "@weft/protocol/Errors";
import { maxCheckpointBytes } from "@weft/protocol/generated/params";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { historyRoot, proveStep } from "@weft/tensor/HashLayout";
import { checkpointBytes } from "@weft/tensor/train/Checkpoint";
import { outlineProgram } from "@weft/tensor/train/Program";
import { auditStep } from "@weft/verification/draw";
import { type Origin, rightStart } from "@weft/verification/segmentStart";
import { type Verdict, verdictOf } from "@weft/verification/verdict";
import { bytesToHex, type Hex } from "viem";
import type { JobTerms } from "../leases/checkOpen.ts";
import { fetchContent } from "../leases/fetchContent.ts";
import { earlierEnds, orderOrigin, orderStep } from "../leases/origins.ts";
import { auditPin, type NodeContext } from "../NodeContext.ts";
import { askDetails, type FoundDetails, sourcesOf } from "./askDetails.ts";

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

export interface FoundVerdict {
  verdict: Verdict;
  /** What the order commits to, and the contents that the segment was replayed from; those are the audit's to unpin. */
  details: FoundDetails["details"];
  contents: readonly Hex[];
  /** Of all steps of the segment, where it was replayed from the start that it commits to. */
  stepRoots?: readonly Hex[];
}

/** @throws WeftError `audit.noDetails`, `content.unavailable`, or the runtime's */
export async function replayForVerdict(context: NodeContext, subject: AuditSubject): Promise<FoundVerdict> {
  const { lease, commitment, signal } = subject;
  const question = { lease, segment: commitment.segment, sources: sourcesOf(context, subject), signal };
  const found = await askDetails(context, question);
  const { terms } = found;
  const { start, sources } = await startOf(context, subject, terms);
  const replayFrom = (origin: Origin) => replay(context, { ...subject, ...found, origin, holders: sources });
  const replayed = await replayFrom(start).catch(async (error: unknown) => {
    // Bytes with the committed id that hold no state of this program at this step: nothing can be built on them.
    if (!hasCode(error, "runtime.checkpoint") || start.step === orderStep(terms)) throw error;
    return replayFrom(await orderOrigin(terms));
  });
  const contents = [terms.corpus.contentId, ...(start.checkpoint === undefined ? [] : [start.checkpoint])];
  const basis = { details: found.details, contents };
  const step = auditStep(subject.seed, context.nodeId, commitment);
  if (context.faults.lyingAuditor === true) return { verdict: lie(commitment, step), ...basis };
  const index = Number(step - commitment.firstStep);
  const expected = { index, program: terms.programHash, dataRoot: terms.program.dataRoot };
  const { firstStep, trace, stepRoots } = replayed;
  const isWhole =
    commitment.firstStep === BigInt(firstStep) &&
    commitment.startRoot === trace.startRoot &&
    stepRoots.length === Number(commitment.lastStep - commitment.firstStep) + 1;
  return { verdict: verdictOf(commitment, replayed, expected), ...basis, ...(isWhole && { stepRoots }) };
}

/** Where the segment has to begin, and which nodes were drawn to hold that state. */
async function startOf(
  context: NodeContext,
  { lease, commitment, holders }: AuditSubject,
  terms: JobTerms,
): Promise<{ start: Origin; sources: readonly Hex[] }> {
  const { chain, draws } = context;
  const { leaseId } = lease;
  const first = commitment.segment === 0n ? commitment : await chain.commitment(leaseId, 0n);
  const earlier = await earlierEnds(chain, { lease, step: first.firstStep, terms });
  const before = chain.segments(leaseId).find(({ segment }) => segment === commitment.segment - 1n);
  const start = rightStart(commitment, {
    ...{ run: terms.program, order: await orderOrigin(terms), earlier, first, before: before?.checkpoint },
  });
  const heir = earlier.find(({ checkpoint }) => checkpoint === start.checkpoint);
  const made = heir ?? (before === undefined ? undefined : { leaseId, segment: before.segment });
  const keepers = made === undefined ? undefined : await draws.get(made.leaseId, made.segment);
  return { start, sources: [...new Set([...holders, ...(keepers?.holders ?? [])])] };
}

async function replay(context: NodeContext, about: AuditSubject & FoundDetails & { origin: Origin }): Promise<Replay> {
  const { lease, commitment, terms, hint, origin, signal } = about;
  const pin = auditPin(lease.leaseId, commitment.segment);
  const sources = sourcesOf(context, about);
  await fetchContent(context, { content: terms.corpus, sources, pin, signal });
  const segment = Number(origin.step) / terms.program.stepsPerSegment;
  const { threads, memoryMiB } = context.settings.caps;
  const { checkpoint: contentId } = origin;
  if (contentId !== undefined)
    await fetchContent(context, { content: { contentId, bytes: sizeOf(terms, origin, hint) }, sources, pin, signal });
  return await context.replay({
    ...{ program: terms.program, corpusPath: context.blobs.path(terms.corpus.contentId), segment },
    ...(contentId === undefined
      ? {}
      : { start: { checkpointPath: context.blobs.path(contentId), contentId, segment } }),
    limits: { threads, memoryMiB, nice: auditNice },
    signal,
  });
}

/** What the order or whoever answered says of its length; else that of the canonical file. */
function sizeOf({ start, program }: JobTerms, origin: Origin, hint: FoundDetails["hint"]): number {
  const said = start?.checkpoint === origin.checkpoint ? start?.bytes : hint?.bytes;
  const known = start?.checkpoint === origin.checkpoint || hint?.contentId === origin.checkpoint;
  if (known && said !== undefined && said <= maxCheckpointBytes) return said;
  return checkpointBytes(outlineProgram(program), Number(origin.step));
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
