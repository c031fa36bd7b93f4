// Answers "what would this job cost now?" from the book and the chain's snapshot. Nothing is signed, kept or sent.
import { presetOf, statedSpeed, workOf as stepWorkOf } from "@weft/compute/tensor/jobProgram";
import { quote, type Range } from "@weft/market/quote";
import { remediesFor } from "@weft/market/remedies";
import { format } from "@weft/protocol/Amount";
import { maxSegments } from "@weft/protocol/generated/params";
import type { JobFile } from "@weft/protocol/JobFile";
import * as Order from "@weft/protocol/Order";
import { detectionProbability } from "@weft/verification/detection";
import { z } from "zod";
import type { GatewayContext } from "../GatewayContext.ts";
import { buildOrder } from "./buildOrder.ts";
import { refusals, strategiesOf } from "./holdAuction.ts";
import { checkedFile } from "./JobManager.ts";
import { courtOf } from "./orderStart.ts";

/** The corpus stays with the caller; its number of distinct bytes makes the estimate better. */
const requestShape = z
  .object({ job: z.unknown(), vocab: z.int().min(2).max(256).catch(256) })
  .catch({ job: undefined, vocab: 256 });

export function quoteFor(context: GatewayContext, request: unknown): object {
  const { job, vocab } = requestShape.parse(request);
  const file = checkedFile(job);
  const session = context.session.address.toLowerCase() as `0x${string}`;
  const order = buildOrder(file, {
    buyer: context.buyer,
    session,
    matcher: session,
    buyerEpoch: context.chain.view().buyers.get(context.buyer)?.epoch ?? 0n,
    // A number no order of this gateway has used: a quote must not look like a repetition.
    nonce: BigInt(context.store.get("nonce") ?? "0"),
    courtId: courtOf(context, file),
    paramsHash: context.chain.paramsHash,
    jobCommitment: `0x${"0".repeat(64)}`,
    nowMs: context.clock.now(),
  });
  const result = quote(context.chain.view(), context.book, {
    order,
    strategies: strategiesOf(file),
    cap: file.pay.budget,
    work: workOf(file, vocab),
  });
  return {
    fitting: result.fitting,
    refused: result.refused,
    reasons: result.reasons,
    refusals: refusals(result.refusals),
    remedies: result.fitting > 0 ? [] : remediesFor(result.refusals),
    pricePerUnitSecond: rangeText(result.pricePerUnitSecond),
    expected: rangeText(result.expected),
    expectedSeconds: rangeText(result.expectedSeconds),
    tooSlow: result.tooSlow,
    total: rangeText(result.total),
    durationSeconds: file.duration,
    ...(order.tier === Order.tier.exact && { detection: detectionOf(file, context.chain.params.auditRatePpm) }),
    cheapest: result.cheapest?.offer.nodeId,
    budget: file.pay.budget.toString(),
    budgetText: format(file.pay.budget),
  };
}

function workOf(file: JobFile, vocab: number): bigint {
  const { tokenizer } = file.program;
  const preset = presetOf(file.program);
  const tokens = tokenizer === "bytes" ? vocab : tokenizer.vocab;
  return BigInt(preset.totalSteps) * BigInt(stepWorkOf(preset, tokens));
}

/** How likely auditors look at false work: for one false segment, a fifth of the job's, and all of them. */
export function detectionOf(file: JobFile, ratePpm: bigint): { falseSegments: number; ppm: number }[] {
  const { totalSteps, stepsPerSegment } = presetOf(file.program, { gflops: statedSpeed(file) });
  const all = Math.min(maxSegments, Math.ceil(totalSteps / stepsPerSegment));
  const counts = [...new Set([1, Math.ceil(all / 5), all])];
  return counts.map((falseSegments) => ({ falseSegments, ppm: Number(detectionProbability(ratePpm, falseSegments)) }));
}

const rangeText = (of: Range | undefined) =>
  of === undefined ? undefined : { min: of.min.toString(), median: of.median.toString(), max: of.max.toString() };
