// What a segment is replayed from here: order and details as the gateway has them, corpus and checkpoint as files of this home, all of
// it checked against what the chain says.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DisputeOptions } from "@weft/compute/tensor/openDispute";
import { type JobTerms, readTerms } from "@weft/node/leases/checkOpen";
import { WeftError } from "@weft/protocol/Errors";
import { hexOf } from "@weft/protocol/fields";
import { type Opening, streams } from "@weft/protocol/messages";
import * as Order from "@weft/protocol/Order";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { Hex } from "viem";
import { z } from "zod";
import { downloadContent, type GatewayClient, request } from "../GatewayClient.ts";
import { type Home, makeFolder } from "../Home.ts";
import { contentIdOf } from "../job/corpus.ts";

const shape = z.object({
  order: Order.shape,
  details: streams.details.shape.details,
  corpus: z.object({ contentId: hexOf(32), bytes: z.int().nonnegative() }),
  start: z.object({ checkpoint: hexOf(32), bytes: z.int().nonnegative() }).optional(),
});

export interface Materials {
  order: Order.Order;
  details: Opening[];
  terms: JobTerms;
  /** Worker's task: a replay of the segment. @throws WeftError `dispute.noStart`, of the gateway */
  replay(): Promise<DisputeOptions>;
  /** Worker's task: the order's first segment, for its court program alone. @throws WeftError of the gateway */
  program(): Promise<DisputeOptions>;
}

export interface Where {
  home: Home;
  client: GatewayClient;
  leaseId: Hex;
  commitment: SegmentCommitment;
}

type Content = { checkpoint: Hex };

const limits = { threads: 1, memoryMiB: 2048, nice: 0 } as const;

/** @throws WeftError of the gateway; `dispute.order` when its order isn't the lease's; of readTerms */
export async function fetchMaterials({ home, client, leaseId, commitment }: Where): Promise<Materials> {
  const answer = await request(client, `/v1/leases/${leaseId}/segments/${commitment.segment}`);
  const { order, details, corpus, start } = shape.parse(answer);
  if (Order.hash(order) !== commitment.orderHash)
    throw new WeftError("the gateway has another order than the segment was committed under", {
      code: "dispute.order",
      fault: "network",
      remedy: "ask the gateway that bought the job: --gateway URL --token-file FILE",
    });
  const terms = readTerms(order.jobCommitment, details);
  const folder = join(home.disputes, `${leaseId.slice(2, 14)}-${commitment.segment}`);
  makeFolder(folder);
  const file = (contentId: Hex) => fetchFile(client, { folder, contentId });
  const task = async (segment: number, from: Content | undefined): Promise<DisputeOptions> => ({
    ...{ program: terms.program, corpusPath: await file(corpus.contentId), segment, limits },
    ...(terms.start && { origin: { step: terms.start.step, stateRoot: terms.start.stateRoot } }),
    ...(from && {
      start: { checkpointPath: await file(from.checkpoint), contentId: from.checkpoint, segment },
    }),
  });
  const { stepsPerSegment } = terms.program;
  const orders = terms.start ?? undefined;
  return {
    ...{ order, details, terms },
    replay: async () => {
      const isOrders = Number(commitment.firstStep) === (orders?.step ?? 0);
      const from = start ?? (isOrders ? orders : undefined);
      if (from === undefined && commitment.firstStep > 0n) throw noStart();
      return task(Number(commitment.firstStep) / stepsPerSegment, from);
    },
    program: () => task((orders?.step ?? 0) / stepsPerSegment, orders),
  };
}

const noStart = () =>
  new WeftError("the gateway does not hold the checkpoint that the segment starts from", {
    code: "dispute.noStart",
    fault: "network",
    remedy: "nothing was sent; a segment that one of its checkpoints leads to can be replayed",
  });

/** The path of a content, fetched unless it is there. @throws WeftError `dispute.content` */
async function fetchFile(
  client: GatewayClient,
  { folder, contentId }: { folder: string; contentId: Hex },
): Promise<string> {
  const path = join(folder, contentId.slice(2, 18));
  if (existsSync(path) && contentIdOf(new Uint8Array(readFileSync(path))) === contentId) return path;
  const bytes = await downloadContent(client, contentId);
  if (contentIdOf(bytes) !== contentId)
    throw new WeftError("the gateway sent other bytes than were asked for", {
      code: "dispute.content",
      fault: "network",
      retryable: true,
    });
  writeFileSync(`${path}.part`, bytes, { mode: 0o600 });
  renameSync(`${path}.part`, path);
  return path;
}
