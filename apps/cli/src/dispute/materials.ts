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
  /** Of the replay's worker. */
  options: DisputeOptions;
}

export interface Where {
  home: Home;
  client: GatewayClient;
  leaseId: Hex;
  commitment: SegmentCommitment;
}

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
  const segment = Number(commitment.firstStep) / terms.program.stepsPerSegment;
  const origin = terms.start && { step: terms.start.step, stateRoot: terms.start.stateRoot };
  const options: DisputeOptions = {
    ...{ program: terms.program, corpusPath: await file(corpus.contentId), segment, limits },
    ...(origin && { origin }),
    ...(start && {
      start: { checkpointPath: await file(start.checkpoint), contentId: start.checkpoint, segment },
    }),
  };
  return { order, details, terms, options };
}

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
