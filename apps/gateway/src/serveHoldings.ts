// What the gateway gives to other nodes: a job's details and bytes, to those whom the chain lets see them.
//
// Allowed are the providers of the job's leases, the holders and auditors drawn for its segments, and nodes that this
// gateway asks to hold the inputs. Content ids of checkpoints are public on chain, so knowing one is not a permission.
import { protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import { serveCalls } from "@weft/transport/Request";
import { serveBlobs } from "@weft/transport/serveBlobs";
import type { Remote } from "@weft/transport/Transport";
import { WireError } from "@weft/transport/WireError";
import type { Hex } from "viem";
import type { DrawFacts, GatewayContext } from "./GatewayContext.ts";
import { decode, type JobRecord } from "./jobs/JobRecord.ts";
import { detailsOf } from "./jobs/orderStart.ts";

const maxDrawsRemembered = 4096;

export function serveHoldings(context: GatewayContext): void {
  const draws = new Map<string, DrawFacts>();
  serveBlobs(
    context.transport,
    protocols.blob,
    (contentId) => context.blobs.source(contentId),
    (contentId, from) => isAllowed(context, draws, { from, jobs: jobsWith(context, "content", contentId) }),
  );
  serveCalls(context.transport, protocols.details, {
    requests: { "details.request": streams["details.request"] },
    answers: { details: streams.details },
    respond: async ({ body }, from) => ({ kind: "details", body: await detailsFor(context, draws, { body, from }) }),
  });
}

/** Jobs whose corpus or checkpoint this is, or whose lease. */
const jobsWith = (context: GatewayContext, link: "content" | "lease", key: Hex): JobRecord[] =>
  context.store.jobsLinked(link, key).map(({ record }) => decode(record));

async function detailsFor(
  context: GatewayContext,
  draws: Map<string, DrawFacts>,
  request: { body: StreamMessage<"details.request">; from: Remote },
): Promise<StreamMessage<"details">> {
  const { body, from } = request;
  const [record] = jobsWith(context, "lease", body.leaseId);
  const lease = record?.leases.find(({ leaseId }) => leaseId === body.leaseId);
  if (record === undefined || lease === undefined) throw new WireError("refused", "this gateway has no such lease");
  if (!(await isAllowed(context, draws, { from, jobs: [record] })))
    throw new WireError("refused", "details go to the job's providers and to drawn holders and auditors");
  const firstStep = startOf(record, lease, Number(body.segment));
  const before = record.segments.findLast(({ lastStep, void: isVoid }) => lastStep === firstStep - 1 && !isVoid);
  if (before === undefined && firstStep > 0) throw new WireError("refused", "the start checkpoint is not held here");
  const start =
    before === undefined ? {} : { start: { checkpoint: before.checkpoint.contentId, bytes: before.checkpoint.bytes } };
  const details = detailsOf(record, context.chain.lease(body.leaseId)?.jobCommitment);
  return { leaseId: body.leaseId, details, corpus: record.corpus, ...start };
}

function startOf(record: JobRecord, lease: { firstStep: number }, segment: number): number {
  const perSegment = (JSON.parse(record.program) as { stepsPerSegment: number }).stepsPerSegment;
  return lease.firstStep + segment * perSegment;
}

async function isAllowed(
  context: GatewayContext,
  draws: Map<string, DrawFacts>,
  request: { from: Remote; jobs: readonly JobRecord[] },
): Promise<boolean> {
  const nodes = context.chain.view().nodes;
  const isOf = (nodeId: NodeId) => nodes.get(nodeId)?.operator === request.from.operator.toLowerCase();
  for (const record of request.jobs) {
    const asked = record.leases.map(({ leaseId }) => context.inputsAsked.get(leaseId));
    if (record.leases.some(({ nodeId }) => isOf(nodeId)) || asked.some((one) => one !== undefined && isOf(one)))
      return true;
    for (const { leaseId } of record.leases)
      for (const { segment } of context.chain.segments(leaseId)) {
        const draw = await remembered(context, draws, { leaseId, segment });
        if ([...draw.holders, ...draw.auditors].some(isOf)) return true;
      }
  }
  return false;
}

/** A ready draw never changes; one that is not ready is asked for again. */
async function remembered(
  context: GatewayContext,
  draws: Map<string, DrawFacts>,
  of: { leaseId: Hex; segment: bigint },
): Promise<DrawFacts> {
  const key = `${of.leaseId}/${of.segment}`;
  const known = draws.get(key);
  if (known !== undefined) return known;
  const draw = await context.chain.draw(of.leaseId, of.segment);
  if (draw.ready) {
    if (draws.size >= maxDrawsRemembered) draws.clear();
    draws.set(key, draw);
  }
  return draw;
}
