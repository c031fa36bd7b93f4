// Gets a committed checkpoint from whoever has it and proves that its state is the committed one.
import { type Peer, protocols } from "@weft/protocol/messages";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { checkpointStateRoot } from "@weft/tensor/train/Checkpoint";
import { outlineProgram, type TrainProgram } from "@weft/tensor/train/Program";
import { fetchBlob } from "@weft/transport/fetchBlob";
import { bytesToHex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";

export interface CheckpointWish {
  jobId: string;
  program: TrainProgram;
  commitment: SegmentCommitment;
  maxBytes: number;
  /** Asked one after another. */
  sources: readonly Peer[];
  signal: AbortSignal;
}

export interface Obtained {
  bytes: number;
  /** False when the bytes are the committed content but not the committed state. */
  fits: boolean;
}

/** The content is on this machine's disk afterwards, pinned by the job. Undefined when nobody handed it out. */
export async function obtainCheckpoint(context: GatewayContext, wish: CheckpointWish): Promise<Obtained | undefined> {
  const bytes = await fetchFrom(context, wish);
  if (bytes === undefined) return undefined;
  // The root binds the step counter as well, so a checkpoint of another step does not pass.
  const root = bytesToHex(checkpointStateRoot(outlineProgram(wish.program), bytes));
  return { bytes: bytes.length, fits: root === wish.commitment.endRoot };
}

async function fetchFrom(context: GatewayContext, wish: CheckpointWish): Promise<Uint8Array | undefined> {
  const { checkpoint, segment } = wish.commitment;
  if (context.blobs.has(checkpoint)) return await context.blobs.read(checkpoint);
  for (const source of wish.sources) {
    try {
      const bytes = await fetchBlob(context.transport, source, checkpoint, {
        ...{ protocol: protocols.blob, maxBytes: wish.maxBytes, clock: context.clock, signal: wish.signal },
      });
      await context.blobs.put(bytes, { maxBytes: wish.maxBytes });
      context.blobs.pin(checkpoint, wish.jobId);
      return bytes;
    } catch (error) {
      wish.signal.throwIfAborted();
      context.log.info({ err: error, segment: segment.toString(), peer: source.peerId }, "checkpoint not obtained");
    }
  }
  return undefined;
}
