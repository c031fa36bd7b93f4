// `weft dispute defend GAME`: the defender's moves, by the key and from the disk of a node of this home that does not run. A running node
// defends its segments by itself.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ChainClient } from "@weft/chain/ChainClient";
import { startRival } from "@weft/chain/courtGrounds";
import { memoryStore } from "@weft/chain/Intent";
import { readCommitment } from "@weft/chain/readCommitment";
import { readNode } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import { type DisputeOptions, openDispute } from "@weft/compute/tensor/openDispute";
import { readDisputeOf } from "@weft/court/playDispute";
import { readShownStart } from "@weft/court/shownStart";
import { openBlobs } from "@weft/host/blobs/BlobStore";
import { readTerms } from "@weft/node/leases/checkOpen";
import type { LeaseBody } from "@weft/node/leases/LeaseBody";
import { getLease } from "@weft/node/store/leases";
import { closeStore, openStore, type Store } from "@weft/node/store/Store";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { foregroundClock } from "@weft/transport/Clock";
import type { Hex } from "viem";
import type { Context } from "../Context.ts";
import { nodeHome } from "../Home.ts";
import { onInterrupt } from "../start/interrupts.ts";
import { nodeKeys } from "../start/keys.ts";
import { playToEnd } from "./playToEnd.ts";

export interface DefendCall {
  client: ChainClient;
  fromBlock: bigint;
  game: Hex;
  /** Of a node of this home. */
  name: string;
}

const limits = { threads: 1, memoryMiB: 2048, nice: 0 } as const;

/** Exit code: 0 when the segment stands, 1 when it was found false. */
export async function defendDispute(context: Context, { client, fromBlock, game, name }: DefendCall): Promise<number> {
  const folder = nodeHome(context.home, name);
  if (!existsSync(folder)) throw notHere(`there is no node ${name} on this home`);
  const dispute = await readDisputeOf(client, { game, fromBlock });
  const { operator } = await nodeKeys(context.home, name);
  const node = await readNode(client, dispute.nodeId);
  if (node.operator.toLowerCase() !== operator.signer.address.toLowerCase())
    throw notHere(`the segment is not one of ${name}'s`);
  const { close, ...side } = await sideOf({ client, fromBlock, folder, name }, dispute);
  const sender = new Sender(client, { signer: operator.signer, store: memoryStore(), clock: foregroundClock });
  const interrupts = onInterrupt(() => {});
  try {
    const won = await playToEnd(context, {
      table: { client, send: (intent) => sender.send(intent) },
      seat: {
        ...{ ...dispute, side: "defender", fromBlock: dispute.block },
        ...side,
      },
      pollMs: Math.max(100, client.profile.blockSeconds * 1000),
      signal: interrupts.signal,
    });
    const { leaseId, segment } = dispute;
    const ground = dispute.rival === startRival ? "start" : "history";
    context.emit({ kind: "summary", ok: won, won, game, leaseId, segment: Number(segment), ground });
    return won ? 0 : 1;
  } finally {
    interrupts.release();
    sender.close();
    await close();
  }
}

/** What the side knows: its replay; against ground `start` the chain is enough. @throws WeftError as ownHistory */
async function sideOf(disk: Disk, dispute: Awaited<ReturnType<typeof readDisputeOf>>) {
  const { client, fromBlock, folder, name } = disk;
  const { leaseId, rival } = dispute;
  const isStart = rival === startRival;
  if (isStart) withStore(join(folder, "store.sqlite"), name, () => undefined);
  const replay = isStart ? undefined : openDispute(await ownHistory(disk, dispute));
  return {
    history: async () => {
      if (replay === undefined) throw notHere("ground start is played without a replay");
      return { program: await replay.program(), oracle: replay.oracle };
    },
    shown: async () => {
      const first = await readCommitment(client, { leaseId, segment: 0n, fromBlock });
      return readShownStart(client, { leaseId, first, fromBlock });
    },
    close: async () => replay?.close(),
  };
}

interface Disk {
  client: ChainClient;
  fromBlock: bigint;
  folder: string;
  name: string;
}

/** What the node's own disk has of the segment. @throws WeftError `dispute.running`, `dispute.notHere` */
async function ownHistory(
  { client, fromBlock, folder, name }: Disk,
  { leaseId, commitment }: { leaseId: Hex; commitment: SegmentCommitment },
): Promise<DisputeOptions> {
  const job = jobOf(join(folder, "store.sqlite"), { leaseId, name });
  const blobs = openBlobs(join(folder, "blobs"));
  const { program, corpus, start: origin } = readTerms(job.order.jobCommitment, job.details);
  const before =
    commitment.segment === 0n
      ? (job.resume?.contentId ?? origin?.checkpoint)
      : (await readCommitment(client, { leaseId, segment: commitment.segment - 1n, fromBlock })).checkpoint;
  for (const content of [corpus.contentId, before])
    if (content !== undefined && !blobs.has(content)) throw notHere(`${content} is not on the disk of ${name}`);
  const segment = Number(commitment.firstStep) / program.stepsPerSegment;
  return {
    ...{ program, corpusPath: blobs.path(corpus.contentId), segment, limits },
    ...(origin && { origin: { step: origin.step, stateRoot: origin.stateRoot } }),
    ...(before && { start: { checkpointPath: blobs.path(before), contentId: before, segment } }),
  };
}

function jobOf(path: string, { leaseId, name }: { leaseId: Hex; name: string }): NonNullable<LeaseBody["job"]> {
  const job = withStore(path, name, (store) => (getLease(store, { leaseId })?.body as LeaseBody | undefined)?.job);
  if (job === undefined) throw notHere(`the disk of ${name} knows nothing of that lease`);
  return job;
}

/** @throws WeftError `dispute.running` when the node has it */
function withStore<T>(path: string, name: string, read: (store: Store) => T): T {
  try {
    const store = openStore(path);
    try {
      return read(store);
    } finally {
      closeStore(store);
    }
  } catch (cause) {
    if (!hasCode(cause, "store.locked")) throw cause;
    throw new WeftError(`${name} runs, and defends its segments by itself`, {
      code: "dispute.running",
      remedy: "see how it goes with: weft dispute watch; to play by hand, end the node first",
      cause,
    });
  }
}

const notHere = (message: string): WeftError =>
  new WeftError(message, {
    code: "dispute.notHere",
    remedy: "name the node with --name, on the home that it runs from",
  });
