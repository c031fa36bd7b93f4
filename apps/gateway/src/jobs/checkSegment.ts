// Does a reported segment earn its voucher? Every statement of the provider is checked against the chain, the order and
// the bytes of the checkpoint itself, before a signature is given.
//
// A segment is payable once this gateway and one drawn node hold its checkpoint. Whether its steps were computed
// rightly is for the audit; what is checked here is that it is the right work, in sequence, committed and available.

import type { SegmentFacts } from "@weft/chain/facts";
import { recoverNoun } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import { maxCheckpointBytes } from "@weft/protocol/generated/params";
import * as Held from "@weft/protocol/Held";
import type { JobFile } from "@weft/protocol/JobFile";
import type { StreamMessage } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Segment from "@weft/protocol/Segment";
import { type TrainProgram, tokensPerStep } from "@weft/tensor/train/Program";
import { type Availability, explainNotPayable, type NotPayable, payable } from "@weft/verification/payable";
import type { Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import type { JobRecord, LeaseRecord } from "./JobRecord.ts";
import { obtainCheckpoint } from "./obtainCheckpoint.ts";
import { reportTwin } from "./signedTwice.ts";

/** The work that a lease's commitments must be about. */
export interface CommittedWork {
  lease: LeaseRecord;
  program: TrainProgram;
  programHash: Hex;
  orderHash: Hex;
}

export interface SegmentCheck extends CommittedWork {
  jobId: string;
  file: JobFile;
  record: JobRecord;
  /** State root the segment must start from. */
  startRoot: Hex;
  report: StreamMessage<"job.segment">;
  signal: AbortSignal;
}

export interface CheckedSegment {
  holders: NodeId[];
  checkpoint: Hex;
}

function refuse(code: string, message: string, fault: "provider" | "network" = "provider"): never {
  throw new WeftError(message, { code, fault, retryable: fault === "network" });
}

/** Conditions that time alone may heal; the caller waits a little before it tells the provider. */
const passing: readonly NotPayable["code"][] = ["segment.uncommitted", "segment.undrawn", "segment.accused"];

/** @throws WeftError `segment.…` with the reason that the provider is told */
export async function checkSegment(context: GatewayContext, check: SegmentCheck): Promise<CheckedSegment> {
  await checkCommitment(context, check);
  const drawn = await context.chain.draw(check.lease.leaseId, check.report.commitment.segment);
  const holders = await holdersOf(context, check);
  const facts = { ...anchoredFacts(context, check), drawnHolders: drawn.ready ? drawn.holders : undefined };
  // The bytes are asked for only when everything else is in order.
  let verdict = payable("voucher", { ...facts, heldBy: holders, gatewayHolds: true });
  if (verdict.payable) {
    const gatewayHolds = await holdsCheckpoint(context, check);
    verdict = payable("voucher", { ...facts, heldBy: holders, gatewayHolds });
  }
  if (verdict.payable) return { holders, checkpoint: check.report.commitment.checkpoint };
  const { code } = verdict.why;
  refuse(code, explainNotPayable(verdict.why), passing.includes(code) ? "network" : "provider");
}

async function checkCommitment(context: GatewayContext, check: SegmentCheck): Promise<void> {
  const { commitment, signature } = check.report;
  const { lease } = check;
  const signer = await recoverNoun(context.chain.network, Segment.schema, commitment, signature);
  const operator = context.chain.view().nodes.get(lease.nodeId)?.operator;
  if (signer !== operator) refuse("segment.signer", "the commitment is not signed by the node's operator");
  if (await reportTwin(context, lease, { commitment, signature }))
    refuse("segment.equivocation", "another content was signed for this segment; both are shown to the chain");
  const wrong = differsFrom(check, commitment);
  if (wrong !== undefined) refuse(`segment.${wrong.field}`, wrong.message);
}

/** The first field in which a commitment is not about this work, or undefined. */
export function differsFrom(
  work: CommittedWork & { startRoot: Hex },
  commitment: Segment.SegmentCommitment,
): { field: string; message: string } | undefined {
  const { lease, program } = work;
  const first = lease.firstStep + Number(commitment.segment) * program.stepsPerSegment;
  const last = Math.min(first + program.stepsPerSegment, program.totalSteps) - 1;
  const expected: [string, unknown, unknown][] = [
    ["leaseId", commitment.leaseId, lease.leaseId],
    ["orderHash", commitment.orderHash, work.orderHash],
    ["program", commitment.program, work.programHash],
    ["dataRoot", commitment.dataRoot, program.dataRoot],
    ["firstStep", Number(commitment.firstStep), first],
    ["lastStep", Number(commitment.lastStep), last],
    ["startRoot", commitment.startRoot, work.startRoot],
    ["tokens", Number(commitment.tokens), (last - first + 1) * tokensPerStep(program)],
  ];
  const wrong = expected.find(([, got, wanted]) => got !== wanted);
  if (wrong === undefined) return undefined;
  const [field, got, wanted] = wrong;
  return { field, message: `${field} is ${String(got)}, expected ${String(wanted)}` };
}

/** The commitment must be the one on chain: that is what the beacon draws auditors for. */
function anchoredFacts(
  context: GatewayContext,
  check: SegmentCheck,
): Pick<Availability, "committed" | "voided" | "accused"> {
  const { commitment } = check.report;
  const segments = context.chain.segments(check.lease.leaseId);
  const anchored = segments.find(({ segment }) => segment === commitment.segment);
  if (anchored !== undefined && anchored.commitmentHash !== Segment.hash(commitment))
    refuse("segment.notOnChain", "another commitment for this segment is on chain");
  return { committed: anchored !== undefined, voided: anchored?.voided === true, accused: isAccused(segments) };
}

/** An auditor found one of the lease's segments false, and a second one has still to say so: nothing is paid meanwhile. */
export const isAccused = (segments: readonly Pick<SegmentFacts, "audit" | "accusers">[]): boolean =>
  segments.some(({ audit, accusers }) => accusers > 0 && ["waiting", "committed"].includes(audit));

/** Nodes whose signed statement is for exactly this checkpoint of this segment. */
async function holdersOf(context: GatewayContext, check: SegmentCheck): Promise<NodeId[]> {
  const { commitment, holders } = check.report;
  const nodes = context.chain.view().nodes;
  const holding: NodeId[] = [];
  for (const { held, signature } of holders) {
    const same = held.leaseId === commitment.leaseId && held.segment === commitment.segment;
    if (!same || held.checkpoint !== commitment.checkpoint) continue;
    const signer = await recoverNoun(context.chain.network, Held.schema, held, signature);
    if (signer === nodes.get(held.holder)?.operator) holding.push(held.holder);
  }
  return holding;
}

/** Fetches the checkpoint and recomputes its state root. False when it is withheld; wrong bytes are the provider's. */
async function holdsCheckpoint(context: GatewayContext, check: SegmentCheck): Promise<boolean> {
  const { commitment, checkpointBytes } = check.report;
  if (checkpointBytes > maxCheckpointBytes)
    refuse("segment.checkpointSize", `the checkpoint has ${checkpointBytes} bytes, at most ${maxCheckpointBytes}`);
  const provider = context.chain.endpointOf(check.lease.nodeId);
  const sources = provider === undefined ? [] : [provider];
  const { jobId, program, signal } = check;
  const wish = { jobId, program, commitment, sources, maxBytes: checkpointBytes, signal };
  const obtained = await obtainCheckpoint(context, wish);
  if (obtained?.fits === false) refuse("segment.endRoot", "the checkpoint's state is not the committed one");
  return obtained !== undefined;
}
