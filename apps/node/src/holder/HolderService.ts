// Holds checkpoints for others: a drawn node fetches the checkpoint, keeps it until the lease is settled, and signs that
// it does. What it signs it has: the bytes are on disk and pinned before the statement leaves.
import { signNoun } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import { inputsSegment, maxCheckpointBytes } from "@weft/protocol/generated/params";
import * as Held from "@weft/protocol/Held";
import { protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { SegmentFacts } from "../chain/NodeChain.ts";
import { Loop } from "../Loop.ts";
import { fetchContent } from "../leases/fetchContent.ts";
import { holdPin, type NodeContext } from "../NodeContext.ts";
import { serveRequests } from "../serve.ts";
import { heldBytes, heldLeases, holdCheckpoint, releaseCheckpoints } from "../store/checkpoints.ts";

/** The provider may be a few blocks ahead of this node's snapshot. */
const chainLagMs = 8000;
const lagPollMs = 100;

export class HolderService {
  readonly #context: NodeContext;
  readonly #loop: Loop;
  readonly #stopping = new AbortController();

  constructor(context: NodeContext) {
    this.#context = context;
    this.#loop = new Loop(
      { name: "holder", everyMs: 5000, leastMs: 1000, step: async () => this.#releaseSettled() },
      { clock: context.clock, log: context.log },
    );
  }

  start(): void {
    const { transport, log } = this.#context;
    serveRequests(transport, protocols.hold, {
      requests: { "hold.request": streams["hold.request"] },
      answers: { "hold.ack": streams["hold.ack"] },
      respond: async ({ body }) => ({ kind: "hold.ack", body: await this.#hold(body) }),
      onRefused: (code, from, error) => log.info({ code, peer: from.peerId, err: error }, "hold request refused"),
    });
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop.stop();
  }

  async #hold(request: StreamMessage<"hold.request">): Promise<Held.SignedHeld> {
    const { nodeId, chain, operator, store, clock } = this.#context;
    const { leaseId, segment, checkpoint, bytes } = request;
    await this.#check(request);
    const pin = holdPin(leaseId);
    const content = { contentId: checkpoint, bytes };
    await fetchContent(this.#context, { content, sources: request.sources, pin, signal: this.#stopping.signal });
    const held = { leaseId, segment: Number(segment), content: checkpoint, bytes };
    holdCheckpoint(store, { held, at: clock.now() });
    const statement: Held.Held = { leaseId, segment, checkpoint, holder: nodeId };
    return { held: statement, signature: await signNoun(chain.network, Held.schema, statement, operator) };
  }

  async #check(request: StreamMessage<"hold.request">): Promise<void> {
    const { nodeId, settings, store } = this.#context;
    const { leaseId, segment, checkpoint, bytes } = request;
    if (segment === BigInt(inputsSegment)) throw refusal("hold.inputs", "this node holds checkpoints only", false);
    if (bytes > maxCheckpointBytes) throw refusal("hold.size", `at most ${maxCheckpointBytes} bytes are held`, false);
    const facts = await this.#segment(request);
    if (facts === undefined) throw refusal("hold.unknown", "the segment is not on chain here", true);
    if (facts.checkpoint !== checkpoint) throw refusal("hold.checkpoint", "another checkpoint was committed", false);
    if (facts.voided) throw refusal("hold.voided", "the segment was found false", false);
    const draw = await this.#context.draws.get(leaseId, segment);
    if (draw === undefined) throw refusal("hold.notDrawnYet", "the beacon's round is not over", true);
    if (!draw.holders.includes(nodeId)) throw refusal("hold.notDrawn", "this node was not drawn", false);
    const most = settings.caps.holdMiB * 1024 * 1024;
    if (heldBytes(store) + bytes > most)
      throw refusal("hold.full", "this node holds as much as its owner allows", true);
  }

  async #segment({ leaseId, segment }: StreamMessage<"hold.request">): Promise<SegmentFacts | undefined> {
    const { chain, clock } = this.#context;
    for (const until = clock.now() + chainLagMs; ; ) {
      const facts = chain.segments(leaseId).find((one) => one.segment === segment);
      if (facts !== undefined || clock.now() > until || this.#stopping.signal.aborted) return facts;
      await clock.sleep(lagPollMs, this.#stopping.signal).catch(() => {});
    }
  }

  /** A settled lease needs nobody's copy any more. */
  #releaseSettled(): void {
    const { store, blobs, chain, clock } = this.#context;
    for (const leaseId of heldLeases(store, { limit: 256 })) {
      if (chain.lease(leaseId)?.state !== "settled") continue;
      releaseCheckpoints(store, { leaseId, at: clock.now() });
      blobs.unpinAll(holdPin(leaseId));
    }
  }
}

const refusal = (code: string, message: string, retryable: boolean) =>
  new WeftError(message, { code, fault: "caller", retryable });
