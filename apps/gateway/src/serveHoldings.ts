// What the gateway gives to other nodes: a job's details and bytes, to those whom the chain lets see them.
//
// Allowed are the providers of the job's leases, the holders and auditors drawn for its segments, and nodes that this
// gateway asks to hold the inputs. Content ids of checkpoints are public on chain, so knowing one is not a permission.
import { WeftError } from "@weft/protocol/Errors";
import { protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Order } from "@weft/protocol/Order";
import { serveCalls } from "@weft/transport/Request";
import { serveBlobs } from "@weft/transport/serveBlobs";
import type { Remote } from "@weft/transport/Transport";
import { WireError } from "@weft/transport/WireError";
import type { Hex } from "viem";
import type { DrawFacts, GatewayContext } from "./GatewayContext.ts";
import { decode, type JobRecord, type LeaseRecord, orderOf } from "./jobs/JobRecord.ts";
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
  const held = heldFor(context, { record, lease, segment: Number(body.segment) });
  if (held === undefined) throw new WireError("refused", "the start checkpoint is not held here");
  return { leaseId: body.leaseId, ...held };
}

type HeldFor = Omit<StreamMessage<"details">, "leaseId">;

interface Wanted {
  record: JobRecord;
  lease: LeaseRecord;
  segment: number;
}

/** What a segment of a lease is replayed from, as far as this gateway has it; undefined without the state that it starts from. */
function heldFor(context: GatewayContext, wanted: Wanted): HeldFor | undefined {
  const held = anyHeldFor(context, wanted);
  return held.start === undefined && startOf(wanted.record, wanted.lease, wanted.segment) > 0 ? undefined : held;
}

/** The same, without the state that the segment starts from where that isn't here. */
function anyHeldFor(context: GatewayContext, { record, lease, segment }: Wanted): HeldFor {
  const firstStep = startOf(record, lease, segment);
  const before = record.segments.findLast(({ lastStep, void: isVoid }) => lastStep === firstStep - 1 && !isVoid);
  const start =
    before === undefined ? {} : { start: { checkpoint: before.checkpoint.contentId, bytes: before.checkpoint.bytes } };
  return {
    details: detailsOf(record, context.chain.lease(lease.leaseId)?.jobCommitment),
    corpus: record.corpus,
    ...start,
  };
}

/**
 * For the buyer itself, over HTTP: order, details and what a segment of one of its leases is replayed from. Without a start where this
 * gateway has none: that a lease begins in no allowed state is disputed without a replay.
 * @throws WeftError `http.notFound`
 */
export function materialsOf(
  context: GatewayContext,
  { leaseId, segment }: { leaseId: Hex; segment: number },
): HeldFor & { order: Order } {
  const [record] = jobsWith(context, "lease", leaseId);
  const lease = record?.leases.find((one) => one.leaseId === leaseId);
  const notHere = (message: string) => new WeftError(message, { code: "http.notFound" });
  if (record === undefined || lease === undefined) throw notHere("this gateway has no such lease");
  return { order: orderOf(record, lease).order, ...anyHeldFor(context, { record, lease, segment }) };
}

/** A corpus or checkpoint of one of the buyer's jobs. @throws WeftError `http.notFound` */
export async function contentOf(context: GatewayContext, contentId: Hex): Promise<Uint8Array> {
  if (context.store.jobsLinked("content", contentId).length > 0 && context.blobs.has(contentId))
    return context.blobs.read(contentId);
  throw new WeftError("this gateway has no such content", { code: "http.notFound" });
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
