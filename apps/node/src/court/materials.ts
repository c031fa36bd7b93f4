// What a history is replayed from, for either side: the order's details and corpus, and the state that the segment starts from.
// All of it is proven by hash or follows from the chain, so it does not matter who sends it.
import type { LeaseFacts } from "@weft/chain/facts";
import type { DisputeOptions } from "@weft/compute/tensor/openDispute";
import { WeftError } from "@weft/protocol/Errors";
import type { Opening } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Order } from "@weft/protocol/Order";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { checkpointBytes } from "@weft/tensor/train/Checkpoint";
import { outlineProgram } from "@weft/tensor/train/Program";
import { isWhole } from "@weft/verification/segmentStart";
import { askDetails, sourcesOf } from "../auditor/askDetails.ts";
import { type JobTerms, readTerms } from "../leases/checkOpen.ts";
import { fetchContent } from "../leases/fetchContent.ts";
import type { BlobRef, LeaseBody } from "../leases/LeaseBody.ts";
import { orderOrigin } from "../leases/origins.ts";
import { disputePin, type NodeContext } from "../NodeContext.ts";
import { type KeptDispute, putDispute } from "../store/disputes.ts";
import { getLease } from "../store/leases.ts";

/** On disk as long as the dispute is. */
export interface Materials {
  /** Every field of the order's details; none where this disk knows nothing of them and others are asked. */
  details: Opening[];
  /** Known to the provider; others read it from the chain. */
  order?: Order;
  /** What the provider began its lease from. */
  resume?: BlobRef;
}

/** A clock of the court runs while it computes, and the bond of a lease is at stake: like paid work. */
const disputeNice = 0;

export interface Subject {
  kept: KeptDispute<Materials>;
  lease: LeaseFacts;
  commitment: SegmentCommitment;
  signal: AbortSignal;
}

/** Of a lease of this node's own; undefined when its disk knows nothing of it. */
export function ownMaterials({ store }: NodeContext, { leaseId }: LeaseFacts): Materials | undefined {
  const job = (getLease(store, { leaseId })?.body as LeaseBody | undefined)?.job;
  if (job === undefined) return undefined;
  const { details, order, resume } = job;
  return { details, order, ...(resume && { resume: { contentId: resume.contentId, bytes: resume.bytes } }) };
}

/** @throws WeftError as readTerms */
export const termsOf = ({ kept, lease }: Pick<Subject, "kept" | "lease">): JobTerms =>
  readTerms(lease.jobCommitment, kept.body.details);

/**
 * With the order's details, from whoever has them where this disk lost them; kept from then on.
 * @throws WeftError `audit.noDetails` saying who was asked
 */
async function completed(context: NodeContext, subject: Subject): Promise<Subject> {
  const { kept, lease, signal } = subject;
  if (kept.body.details.length > 0) return subject;
  const { segment } = subject.commitment;
  const own = lease.nodeId === context.nodeId ? ownMaterials(context, lease) : undefined;
  const sources = [...sourcesOf(context, { lease, holders: await witnesses(context, subject) })];
  const body = own ?? { details: (await askDetails(context, { lease, segment, sources, signal })).details };
  const whole = { ...kept, body };
  putDispute(context.store, { dispute: whole, at: context.clock.now() });
  context.log.info({ leaseId: lease.leaseId, segment: segment.toString() }, "a dispute's details were given by others");
  return { ...subject, kept: whole };
}

/** Nodes that have seen the segment's details: drawn for it, and sponsors of rivals. */
async function witnesses({ chain, draws }: NodeContext, { lease, kept, commitment }: Subject): Promise<NodeId[]> {
  const draw = await draws.get(lease.leaseId, commitment.segment).catch(() => undefined);
  const dispute = chain.court.disputes().find(({ commitmentHash }) => commitmentHash === kept.commitment);
  const sponsors = new Set(dispute?.rivals.map(({ sponsor }) => sponsor.toLowerCase()));
  const nodes = [...(chain.view()?.nodes ?? [])].filter(([, { operator }]) => sponsors.has(operator.toLowerCase()));
  return [
    ...new Set([...nodes.map(([nodeId]) => nodeId as NodeId), ...(draw?.auditors ?? []), ...(draw?.holders ?? [])]),
  ];
}

/**
 * A worker's task: this side's history of the segment. Fetches and pins what it needs.
 * @throws WeftError `court.startUnknown` when the segment begins in no state that anybody could have; `content.unavailable`;
 * `audit.noDetails`
 */
export async function historyOptions(context: NodeContext, asked: Subject): Promise<DisputeOptions> {
  const subject = await completed(context, asked);
  const terms = termsOf(subject);
  const { commitment, kept } = subject;
  if (!isWhole(terms.program, commitment)) throw startUnknown("its steps are no whole segment");
  const start = await startOf(context, subject, terms);
  const segment = Number(commitment.firstStep) / terms.program.stepsPerSegment;
  const corrupt = context.faults.history?.({ leaseId: subject.lease.leaseId, side: kept.side });
  const options = await optionsOf(context, { ...subject, terms }, { segment, start });
  return corrupt === undefined ? options : { ...options, corrupt };
}

/** The same for a segment without a replay: the order's first one, for its court program alone. */
export async function programOptions(context: NodeContext, subject: Subject): Promise<DisputeOptions> {
  const terms = termsOf(subject);
  const { start, program } = terms;
  const segment = (start?.step ?? 0) / program.stepsPerSegment;
  const content = start === null ? undefined : { contentId: start.checkpoint, bytes: start.bytes };
  return optionsOf(context, { ...subject, terms }, { segment, start: content });
}

async function optionsOf(
  context: NodeContext,
  { terms, lease, commitment, signal }: Subject & { terms: JobTerms },
  { segment, start }: { segment: number; start: BlobRef | undefined },
): Promise<DisputeOptions> {
  const { blobs, settings } = context;
  const pin = disputePin(lease.leaseId, commitment.segment);
  const sources = sourcesOf(context, { lease, holders: await holdersNear(context, commitment) });
  for (const content of start === undefined ? [terms.corpus] : [terms.corpus, start])
    await fetchContent(context, { content, sources, pin, signal });
  const { threads, memoryMiB } = settings.caps;
  const { program, corpus, start: origin } = terms;
  return {
    ...{ program, corpusPath: blobs.path(corpus.contentId), segment },
    ...(start && { start: { checkpointPath: blobs.path(start.contentId), contentId: start.contentId, segment } }),
    ...(origin && { origin: { step: origin.step, stateRoot: origin.stateRoot } }),
    limits: { threads, memoryMiB, nice: disputeNice },
  };
}

/** Who was drawn to hold the segment's end, and the one's before it. */
async function holdersNear({ draws }: NodeContext, { leaseId, segment }: SegmentCommitment) {
  const near = segment === 0n ? [segment] : [segment, segment - 1n];
  const found = await Promise.all(near.map((one) => draws.get(leaseId, one).catch(() => undefined)));
  return [...new Set(found.flatMap((draw) => draw?.holders ?? []))];
}

/** The checkpoint of the state before the segment; undefined for the program's own start. */
async function startOf(context: NodeContext, subject: Subject, terms: JobTerms): Promise<BlobRef | undefined> {
  const { commitment, kept, lease } = subject;
  const { chain } = context;
  const sized = (contentId: BlobRef["contentId"]): BlobRef => ({
    contentId,
    bytes:
      context.blobs.bytesOf(contentId) ?? checkpointBytes(outlineProgram(terms.program), Number(commitment.firstStep)),
  });
  if (commitment.segment > 0n)
    return sized((await chain.commitment(lease.leaseId, commitment.segment - 1n)).checkpoint);
  if (kept.side === "defender" && kept.body.resume !== undefined) return kept.body.resume;
  const order = await orderOrigin(terms);
  if (commitment.firstStep === order.step && commitment.startRoot === order.stateRoot)
    return terms.start === null ? undefined : { contentId: terms.start.checkpoint, bytes: terms.start.bytes };
  const shown = await chain.court.shownStart(lease.leaseId, commitment);
  if (shown === undefined) throw startUnknown("it begins in no state that the order or an earlier lease of it ends in");
  return sized(shown.earlier.checkpoint);
}

const startUnknown = (message: string): WeftError =>
  new WeftError(`the segment can't be replayed: ${message}`, { code: "court.startUnknown", fault: "provider" });
