// The end of a job: the checkpoint into the user's folder, held-out quality, a sample, and the money settled.
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import type { NodeId } from "@weft/protocol/NodeId";
import type { TrainProgram } from "@weft/tensor/train/Program";
import type { Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import { courtGas } from "./courtGas.ts";
import { disputesTold } from "./followDisputes.ts";
import { type JobRecord, lastGood } from "./JobRecord.ts";
import { untilSettled } from "./untilSettled.ts";

export interface FinishWork {
  jobId: string;
  name: string;
  record: JobRecord;
  program: TrainProgram;
  startedAtMs: number;
  signal: AbortSignal;
}

/** `falseSegment`: an audit that ended after the work says that some of it has to be done again. */
export async function finishJob(context: GatewayContext, work: FinishWork): Promise<"finished" | "falseSegment"> {
  const final = lastGood(work.record);
  if (final === undefined || final.lastStep !== work.program.totalSteps - 1)
    throw new WeftError("the run ended without its last checkpoint", { code: "job.incomplete", fault: "provider" });
  const { contentId, bytes } = final.checkpoint;
  const path = deliver(context, work, contentId);
  const { sample, ...quality } = await context.evaluate({
    program: work.program,
    corpusPath: context.blobs.path(work.record.corpus.contentId),
    checkpointPath: context.blobs.path(contentId),
    contentId,
    segment: Math.ceil((final.lastStep + 1) / work.program.stepsPerSegment),
  });
  context.emit(work.jobId, "evaluated", quality);
  context.emit(work.jobId, "sample", { text: sample });
  for (const lease of work.record.leases)
    if ((await untilSettled(context, work, lease.leaseId)) === "falseSegment") return "falseSegment";
  context.emit(work.jobId, "done", {
    checkpointPath: path,
    bytes,
    paid: await payments(context, work.record),
    gas: await gasOf(context, work),
    seconds: Math.round((context.clock.now() - work.startedAtMs) / 100) / 10,
  });
  return "finished";
}

/** Copies the checkpoint to the user's folder under the job's name; complete or not there. */
function deliver(context: GatewayContext, work: FinishWork, contentId: Hex): string {
  mkdirSync(context.outDir, { recursive: true });
  const path = join(context.outDir, `${work.name}-${work.jobId}.safetensors`);
  copyFileSync(context.blobs.path(contentId), `${path}.part`);
  renameSync(`${path}.part`, path);
  return path;
}

type Payment = { nodeId: NodeId; role: "provider" | "auditor"; amount: string };

/** Who got what, over all leases of the job. */
async function payments(context: GatewayContext, record: JobRecord): Promise<Payment[]> {
  const providers = new Map<NodeId, bigint>();
  const auditors = new Map<NodeId, bigint>();
  for (const { leaseId, nodeId } of record.leases) {
    const facts = context.chain.lease(leaseId);
    providers.set(nodeId, (providers.get(nodeId) ?? 0n) + (facts?.paid ?? 0n));
    for (const { nodeId: auditor, amount } of await context.chain.auditPayments(leaseId))
      auditors.set(auditor, (auditors.get(auditor) ?? 0n) + amount);
  }
  const lines = (role: Payment["role"], amounts: Map<NodeId, bigint>): Payment[] =>
    [...amounts].map(([nodeId, amount]) => ({ nodeId, role, amount: amount.toString() }));
  return [...lines("provider", providers), ...lines("auditor", auditors)];
}

async function gasOf(
  context: GatewayContext,
  { jobId, record }: Pick<FinishWork, "jobId" | "record">,
): Promise<{ byAction: Record<string, string>; total: string }> {
  const byAction = courtGas(disputesTold(context, jobId));
  for (const { leaseId } of record.leases)
    for (const [action, gas] of await context.chain.leaseGas(leaseId))
      byAction.set(action, (byAction.get(action) ?? 0n) + gas);
  const total = [...byAction.values()].reduce((sum, gas) => sum + gas, 0n);
  return {
    byAction: Object.fromEntries([...byAction].map(([action, gas]) => [action, gas.toString()])),
    total: total.toString(),
  };
}
