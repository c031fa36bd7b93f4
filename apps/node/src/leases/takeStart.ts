// Where a run begins, checked before anything is computed: a provider that goes on from a state that its order does not
// know would be found false by any auditor, whoever told it to.

import type { LeaseFacts } from "@weft/chain/facts";
import { WeftError } from "@weft/protocol/Errors";
import type { Peer } from "@weft/protocol/messages";
import { TensorError } from "@weft/tensor/TensorError";
import { checkpointStateRoot } from "@weft/tensor/train/Checkpoint";
import { outlineProgram, type TrainProgram } from "@weft/tensor/train/Program";
import type { Origin } from "@weft/verification/segmentStart";
import { bytesToHex, type Hex, sha256 } from "viem";
import { leasePin, type NodeContext } from "../NodeContext.ts";
import type { JobTerms } from "./checkOpen.ts";
import { fetchContent } from "./fetchContent.ts";
import type { OpenedJob } from "./LeaseBody.ts";
import { earlierEnds, orderOrigin } from "./origins.ts";

type Resume = NonNullable<OpenedJob["resume"]>;

export interface StartQuestion {
  lease: LeaseFacts;
  terms: JobTerms;
  /** What the gateway says; undefined for the order's own start. */
  resume: Resume | undefined;
  sources: readonly Peer[];
  signal: AbortSignal;
}

/**
 * The checkpoint to begin from, fetched and pinned; undefined for the program's own start.
 * @throws WeftError `job.start` when the order knows no such state; of fetchContent and the chain
 */
export async function takeStart(context: NodeContext, question: StartQuestion): Promise<Resume | undefined> {
  const { terms, lease, sources, signal } = question;
  const said = question.resume ?? ownStart(terms);
  const doctored = context.faults.start?.(terms.program, said);
  if (doctored !== undefined) return await invent(context, lease, doctored);
  if (said === undefined) return undefined;
  const origin = await originOf(context, question, said);
  await fetchContent(context, { content: said, sources, pin: leasePin(lease.leaseId), signal });
  const bytes = await context.blobs.read(said.contentId, { offset: 0, length: said.bytes });
  if (rootIn(terms.program, bytes) !== origin.stateRoot)
    throw refused("the start checkpoint does not hold the state that was committed to");
  return said;
}

/** undefined for bytes that are no checkpoint of the program. */
function rootIn(program: TrainProgram, bytes: Uint8Array): Hex | undefined {
  try {
    return bytesToHex(checkpointStateRoot(outlineProgram(program), bytes));
  } catch (error) {
    if (error instanceof TensorError) return undefined;
    throw error;
  }
}

const ownStart = ({ start }: JobTerms): Resume | undefined =>
  start === null ? undefined : { contentId: start.checkpoint, bytes: start.bytes, nextStep: start.step };

async function originOf(context: NodeContext, { lease, terms }: StartQuestion, said: Resume): Promise<Origin> {
  const isSaid = ({ step, checkpoint }: Origin) => step === BigInt(said.nextStep) && checkpoint === said.contentId;
  const order = await orderOrigin(terms);
  if (isSaid(order)) return order;
  const earlier = (await earlierEnds(context.chain, { lease, step: BigInt(said.nextStep), terms })).find(isSaid);
  if (earlier === undefined)
    throw refused(`neither the order nor an earlier lease of it ends before step ${said.nextStep} in that checkpoint`);
  return earlier;
}

const refused = (message: string): WeftError =>
  new WeftError(message, {
    code: "job.start",
    remedy: "continue from the last segment that stands, or sign an order that begins at this state",
  });

/** Test fault only: a state of this node's own making. */
async function invent(
  context: NodeContext,
  { leaseId }: LeaseFacts,
  doctored: { checkpoint: Uint8Array; nextStep: number },
): Promise<Resume> {
  const { checkpoint, nextStep } = doctored;
  const content = { contentId: sha256(checkpoint), bytes: checkpoint.length };
  await context.blobs.receive(content, (sink) => sink(checkpoint, 0));
  context.blobs.pin(content.contentId, leasePin(leaseId));
  return { ...content, nextStep };
}
