// Serves this node's content to those with a right to it, and a job's details to its drawn auditors.
//
// A buyer's corpus and model are its own: content goes to the lease's gateway and session key, to nodes drawn as holders
// or auditors of the lease, and to the next providers of the same order. Nobody else learns even whether it is here.

import type { LeaseFacts } from "@weft/chain/facts";
import { WeftError } from "@weft/protocol/Errors";
import { protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import { serveBlobs } from "@weft/transport/serveBlobs";
import type { Remote } from "@weft/transport/Transport";
import type { Hex } from "viem";
import { convictedNodes } from "../auditor/dueRechecks.ts";
import type { DrawFacts } from "../chain/NodeChain.ts";
import type { Materials } from "../court/materials.ts";
import { readTerms } from "../leases/checkOpen.ts";
import type { LeaseBoard } from "../leases/LeaseBoard.ts";
import type { NodeContext } from "../NodeContext.ts";
import { serveRequests } from "../serve.ts";
import { disputesOf, type KeptDispute } from "../store/disputes.ts";

export function serveContent(context: NodeContext, board: LeaseBoard): void {
  const { transport, blobs, log } = context;
  serveBlobs(
    transport,
    protocols.blob,
    async (contentId) => {
      const size = blobs.bytesOf(contentId);
      if (size === undefined) return undefined;
      return { size, read: (offset, length) => blobs.read(contentId, { offset, length }) };
    },
    (contentId, from) => mayRead(context, board, { contentId, from }),
  );
  serveRequests(transport, protocols.details, {
    requests: { "details.request": streams["details.request"] },
    answers: { details: streams.details },
    respond: async ({ body }, from) => ({
      kind: "details",
      body: await detailsFor(context, board, { request: body, from }),
    }),
    onRefused: (code, from, error) => log.info({ code, peer: from.peerId, err: error }, "details request refused"),
  });
}

const leaseOfPin = (pin: string): Hex | undefined =>
  /^(?:lease|hold|audit|dispute)\/(0x[0-9a-f]{64})/.exec(pin)?.[1] as Hex | undefined;

async function mayRead(
  context: NodeContext,
  board: LeaseBoard,
  asked: { contentId: Hex; from: Remote },
): Promise<boolean> {
  const { contentId, from } = asked;
  const leases = new Set(
    context.blobs
      .pinsOf(contentId)
      .map(leaseOfPin)
      .filter((id) => id !== undefined),
  );
  for (const leaseId of leases) {
    const lease = context.chain.lease(leaseId);
    if (lease === undefined || withheld(context, lease, contentId)) continue;
    if (isBuyers(context, board, { lease, from }) || (await isInvolved(context, lease, from))) return true;
  }
  return false;
}

/** Test fault only: own checkpoints are not handed out. */
function withheld(context: NodeContext, lease: LeaseFacts, contentId: Hex): boolean {
  if (context.faults.withholdCheckpoints !== true || lease.nodeId !== context.nodeId) return false;
  return context.chain.segments(lease.leaseId).some(({ checkpoint }) => checkpoint === contentId);
}

function isBuyers(context: NodeContext, board: LeaseBoard, who: { lease: LeaseFacts; from: Remote }): boolean {
  const { lease, from } = who;
  return (
    from.operator === lease.voucherKey ||
    board.get(lease.leaseId)?.body.job?.gateway.peerId === from.peerId ||
    context.gateways.get(lease.orderHash)?.peerId === from.peerId
  );
}

/** The caller's node, when it has one: nodes authenticate with their operator key. */
function nodeOf(context: NodeContext, from: Remote): NodeId | undefined {
  const nodes = context.chain.view()?.nodes;
  if (nodes === undefined) return undefined;
  for (const [nodeId, node] of nodes) if (node.operator === from.operator) return nodeId;
  return undefined;
}

async function isInvolved(context: NodeContext, lease: LeaseFacts, from: Remote): Promise<boolean> {
  const nodeId = nodeOf(context, from);
  if (nodeId === undefined) return false;
  const sameOrder = context.chain.leasesOf(nodeId).some(({ orderHash }) => orderHash === lease.orderHash);
  if (sameOrder) return true;
  // What an earlier lease ended in is what auditors of the next one begin with.
  const unsampled = isConvicted(context, lease);
  for (const { leaseId } of context.chain.fillsOf(lease.orderHash))
    if (await context.draws.involves(leaseId, nodeId, { unsampled })) return true;
  return false;
}

async function detailsFor(
  context: NodeContext,
  board: LeaseBoard,
  asked: { request: StreamMessage<"details.request">; from: Remote },
): Promise<StreamMessage<"details">> {
  const { leaseId, segment } = asked.request;
  const run = board.get(leaseId);
  const job = run?.body.job;
  const disputed = job === undefined ? disputedDetails(context, leaseId) : undefined;
  if (job === undefined && disputed === undefined)
    throw new WeftError("this node has no details of that lease", { code: "details.unknown" });
  const draw = await context.draws.get(leaseId, segment);
  const nodeId = nodeOf(context, asked.from);
  // The lease's own provider may have lost its disk, and has a commitment to defend.
  const isProvider = nodeId !== undefined && nodeId === context.chain.lease(leaseId)?.nodeId;
  if (!isProvider && !isAuditor(draw, { nodeId, unsampled: isConvicted(context, context.chain.lease(leaseId)) }))
    throw new WeftError("details go to drawn auditors and to the lease's provider only", {
      code: "details.notDrawn",
      retryable: draw === undefined,
    });
  if (run === undefined || job === undefined) return disputed as StreamMessage<"details">;
  const before = segment === 0n ? job.resume : checkpointOf(run.pipeline.at(Number(segment) - 1));
  return {
    ...{ leaseId, details: job.details, corpus: job.corpus },
    ...(before === undefined ? {} : { start: { checkpoint: before.contentId, bytes: before.bytes } }),
  };
}

const isAuditor = (
  draw: DrawFacts | undefined,
  { nodeId, unsampled }: { nodeId: NodeId | undefined; unsampled: boolean },
): boolean =>
  draw !== undefined && (draw.sampled || unsampled) && nodeId !== undefined && draw.auditors.includes(nodeId);

/** A court, or two auditors, found other work of the lease's node false: all of it that can be challenged is looked at again. */
function isConvicted({ chain }: NodeContext, lease: LeaseFacts | undefined): boolean {
  if (lease === undefined) return false;
  const nodeOf = ({ leaseId }: { leaseId: Hex }) => chain.lease(leaseId)?.nodeId;
  return convictedNodes(chain.court.disputes(), chain.openSegments(), nodeOf).has(lease.nodeId);
}

/** What this node keeps of a lease because of a dispute; where a start is had the other side reads from the chain. */
function disputedDetails(context: NodeContext, leaseId: Hex): StreamMessage<"details"> | undefined {
  const lease = context.chain.lease(leaseId);
  const kept = disputesOf(context.store, { leaseId, limit: 64 }) as KeptDispute<Materials>[];
  const details = kept.find(({ body }) => body.details.length > 0)?.body.details;
  if (lease === undefined || details === undefined) return undefined;
  return { leaseId, details, corpus: readTerms(lease.jobCommitment, details).corpus };
}

const checkpointOf = (work: { commitment: { checkpoint: Hex }; checkpointBytes: number } | undefined) =>
  work === undefined ? undefined : { contentId: work.commitment.checkpoint, bytes: work.checkpointBytes };
