// Wires a gateway from its ports: book, jobs, what it serves to nodes, and its HTTP face. The same function runs in the
// process of main.ts and in the testkit's network.
import { create as createBook, prune } from "@weft/market/Book";
import { priceLease } from "@weft/market/price";
import { WeftError } from "@weft/protocol/Errors";
import { hexOf } from "@weft/protocol/fields";
import { maxCorpusBytes } from "@weft/protocol/generated/params";
import { z } from "zod";
import { type Asked, askNewNeighbours, followMarket } from "./book/followMarket.ts";
import type { GatewayContext } from "./GatewayContext.ts";
import type { GatewayService, JobSummary } from "./http/GatewayService.ts";
import { buildRoutes, listen } from "./http/server.ts";
import { JobManager, unknownJob } from "./jobs/JobManager.ts";
import { currentLease, decode, lastGood, nextStepOf } from "./jobs/JobRecord.ts";
import type { JobRow } from "./jobs/JobStore.ts";
import { listLeases } from "./jobs/listLeases.ts";
import { listOrders } from "./jobs/listOrders.ts";
import { quoteFor } from "./jobs/quoteFor.ts";
import { contentOf, materialsOf, serveHoldings } from "./serveHoldings.ts";

export interface GatewayOptions {
  http: { host: string; port: number; token: string };
  /** Shown on /v1/network, for machines that want to join. */
  networkFile: unknown;
}

export type GatewayPorts = Omit<GatewayContext, "book" | "inputsAsked" | "emit" | "self">;

export interface RunningGateway {
  /** Port the HTTP face listens on. */
  port: number;
  context: GatewayContext;
  jobs: JobManager;
  stop(): Promise<void>;
}

const housekeepingMs = 5000;
const askEveryMs = 300;

export async function startGateway(options: GatewayOptions, ports: GatewayPorts): Promise<RunningGateway> {
  const book = createBook();
  const context: GatewayContext = {
    ...ports,
    book,
    inputsAsked: new Map(),
    self: () => ({ peerId: ports.transport.peerId, addresses: ports.transport.addresses().slice(0, 8) }),
    emit: (jobId, kind, body) => jobs.emit(jobId, kind, body),
  };
  const jobs = new JobManager(context);
  const unfollow = followMarket(context, (entry) => tellBid(context, entry.offer));
  serveHoldings(context);
  const stopping = new AbortController();
  const kept = housekeep(context, stopping.signal);
  const http = await listen(
    buildRoutes(serviceOf(context, jobs, options), {
      ...options.http,
      maxBlobBytes: maxCorpusBytes,
      onBug: (error, path) => context.log.error({ err: error, path }, "a request failed"),
    }),
    { ...options.http, maxBlobBytes: maxCorpusBytes },
  );
  jobs.resume();
  return {
    port: http.port,
    context,
    jobs,
    stop: async () => {
      stopping.abort();
      unfollow();
      await http.close();
      await jobs.stop();
      await kept;
    },
  };
}

/** Bids arrive on their own stream; the job they belong to is found by the order they name. */
function tellBid(
  context: GatewayContext,
  offer: { nodeId: `0x${string}`; pricePerUnitSecond: bigint; orderHash: `0x${string}` },
): void {
  const order = context.book.orders.get(offer.orderHash);
  if (order === undefined) return;
  const [row] = context.store.jobsLinked("order", offer.orderHash);
  if (row?.phase !== "bidding") return;
  const { units, durationSeconds, tier } = order.order;
  const { pricePerUnitSecond } = offer;
  const terms = { pricePerUnitSecond, units, durationSeconds, tier };
  context.emit(row.jobId, "bid", {
    nodeId: offer.nodeId,
    pricePerUnitSecond: pricePerUnitSecond.toString(),
    total: priceLease(context.chain.params, terms).reservation.toString(),
  });
}

/** Expires the book and asks new neighbours for theirs. */
async function housekeep(context: GatewayContext, signal: AbortSignal): Promise<void> {
  const asked = new Map<string, Asked>();
  let prunedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const now = context.clock.now();
    if (now - prunedAt >= housekeepingMs) {
      prune(context.book, context.chain.now());
      prunedAt = now;
    }
    await askNewNeighbours(context, asked);
    await context.clock.sleep(askEveryMs, signal).catch(() => {});
  }
}

const blobRef = z.object({ contentId: hexOf(32), bytes: z.int().nonnegative() });
const segmentQuery = z.object({ leaseId: hexOf(32), segment: z.int().nonnegative().max(1_000_000) });
const bigintText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
const jobRequest = z.object({ job: z.unknown(), corpus: blobRef, idempotencyKey: z.string().max(128).optional() });

function serviceOf(context: GatewayContext, jobs: JobManager, options: GatewayOptions): GatewayService {
  return {
    ...jobService(context, jobs),
    network: () => options.networkFile,
    quote: async (request) => quoteFor(context, request),
    listOffers: () =>
      [...context.book.offers.values()].map(({ offer, hash }) => ({
        hash,
        nodeId: offer.nodeId,
        class: offer.class,
        attributes: offer.attributes.toString(),
        units: offer.units.toString(),
        pricePerUnitSecond: offer.pricePerUnitSecond.toString(),
        expiresAt: Number(offer.expiresAt),
      })),
    listLeases: () => listLeases(context),
    listOrders: () => listOrders(context),
    materials: (leaseId, segment) => {
      const which = segmentQuery.safeParse({ leaseId, segment });
      if (!which.success) throw new WeftError("no such segment", { code: "http.notFound" });
      return JSON.parse(JSON.stringify(materialsOf(context, which.data), bigintText)) as object;
    },
    content: async (contentId) => {
      const which = hexOf(32).safeParse(contentId);
      if (!which.success) throw new WeftError("no such content", { code: "http.notFound" });
      return contentOf(context, which.data);
    },
    wallet: async () => walletOf(context),
    status: async () => ({
      networkId: context.networkId,
      peers: context.transport.peers().length,
      offers: context.book.offers.size,
      chainTime: Number(context.chain.now()),
      jobs: context.store.unfinishedJobs().length,
      rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
    }),
  };
}

type JobService = Pick<
  GatewayService,
  "putBlob" | "createJob" | "listJobs" | "getJob" | "cancelJob" | "followJob" | "checkpoint"
>;

function jobService(context: GatewayContext, jobs: JobManager): JobService {
  return {
    putBlob: async (body) => {
      if (body === null) throw new WeftError("the body is empty", { code: "http.empty", remedy: "send the bytes" });
      return await context.blobs.put(body, { maxBytes: maxCorpusBytes });
    },
    createJob: async (request) => {
      const parsed = jobRequest.safeParse(request);
      if (!parsed.success)
        throw new WeftError("the request does not name a job and its corpus", {
          code: "job.malformed",
          remedy: "send {job, corpus: {contentId, bytes}}",
        });
      const { job, corpus, idempotencyKey } = parsed.data;
      const key = idempotencyKey === undefined ? {} : { idempotencyKey };
      return { jobId: await jobs.create({ job, corpus, ...key }) };
    },
    listJobs: () => context.store.listJobs().map(summaryOf),
    getJob: (jobId) => summaryOf(knownJob(context, jobId)),
    cancelJob: async (jobId) => {
      await jobs.cancel(jobId);
      return { jobId, cancelled: true };
    },
    followJob: (jobId, fromSeq) => {
      knownJob(context, jobId);
      return (signal) => jobs.follow(jobId, fromSeq, signal);
    },
    checkpoint: async (jobId) => {
      const last = lastGood(decode(knownJob(context, jobId).record));
      if (last !== undefined) return await context.blobs.read(last.checkpoint.contentId);
      throw new WeftError(`job ${jobId} has no checkpoint yet`, { code: "http.notFound", retryable: true });
    },
  };
}

function knownJob(context: GatewayContext, jobId: string): JobRow {
  const row = context.store.getJob(jobId);
  if (row !== undefined) return row;
  throw unknownJob(jobId);
}

function summaryOf(row: JobRow): JobSummary {
  const record = decode(row.record);
  const lease = currentLease(record) ?? record.leases.at(-1);
  const { jobId, name, phase, createdAt, endedAt } = row;
  const { totalSteps } = record;
  const where = lease === undefined ? {} : { leaseId: lease.leaseId, nodeId: lease.nodeId };
  return { jobId, name, phase, createdAt, endedAt, ...where, nextStep: nextStepOf(record), totalSteps };
}

function walletOf(context: GatewayContext): object {
  const buyer = context.chain.view().buyers.get(context.buyer);
  const session = buyer?.sessions.get(context.session.address.toLowerCase() as `0x${string}`);
  return {
    buyer: context.buyer,
    session: context.session.address,
    free: (buyer?.free ?? 0n).toString(),
    sessionExpiresAt: session === undefined ? undefined : Number(session.expiresAt),
    sessionCapLeft: session?.capLeft.toString(),
  };
}
