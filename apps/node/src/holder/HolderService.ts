// Holds content for others and signs that it does. A drawn node keeps a checkpoint until the lease and those that built on it are
// settled; any staked node that is no party keeps a job's inputs until the provider has started. What it signs it has: the bytes are on disk
// and pinned before the statement leaves.

import type { LeaseFacts, SegmentFacts } from "@weft/chain/facts";
import { signNoun } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import { inputsSegment, maxCheckpointBytes, maxSegments } from "@weft/protocol/generated/params";
import * as Held from "@weft/protocol/Held";
import { protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { Hex } from "viem";
import { Loop } from "../Loop.ts";
import { fetchContent } from "../leases/fetchContent.ts";
import type { BlobRef } from "../leases/LeaseBody.ts";
import { holdPin, inputsPin, type NodeContext } from "../NodeContext.ts";
import { serveRequests } from "../serve.ts";
import {
  heldBytes,
  heldFor,
  heldInputs,
  heldLeases,
  holdCheckpoint,
  releaseCheckpoints,
} from "../store/checkpoints.ts";
import { checkInputs, type InputsRequest, mostInputs } from "./checkInputs.ts";

/** The provider may be a few blocks ahead of this node's snapshot. */
const chainLagMs = 8000;
const lagPollMs = 100;
/** How long after its claims the result of an accrue lease is kept for a buyer that is away. */
const keepResultSeconds = 86_400n;
/** Inputs fetched at once, and how long one fetch of them may take. */
const mostFetches = 2;
const inputsTimeoutMs = 60_000;

export class HolderService {
  readonly #context: NodeContext;
  readonly #loop: Loop;
  readonly #stopping = new AbortController();
  #fetching = 0;

  constructor(context: NodeContext) {
    this.#context = context;
    this.#loop = new Loop(
      { name: "holder", everyMs: 5000, leastMs: 1000, step: async () => this.#release() },
      { clock: context.clock, log: context.log },
    );
  }

  start(): void {
    const { transport, log } = this.#context;
    serveRequests(transport, protocols.hold, {
      requests: { "hold.request": streams["hold.request"], "hold.inputs": streams["hold.inputs"] },
      answers: { "hold.ack": streams["hold.ack"] },
      respond: async (message, { operator }) => ({
        kind: "hold.ack",
        body:
          message.kind === "hold.request"
            ? await this.#hold(message.body)
            : await this.#holdInputs({ message: message.body, from: operator }),
      }),
      onRefused: (code, from, error) => log.info({ code, peer: from.peerId, err: error }, "hold request refused"),
    });
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop.stop();
  }

  async #hold(request: StreamMessage<"hold.request">): Promise<Held.SignedHeld> {
    const { nodeId, store, clock } = this.#context;
    const { leaseId, segment, checkpoint, bytes } = request;
    await this.#check(request);
    const pin = holdPin(leaseId);
    const content = { contentId: checkpoint, bytes };
    if (!this.#context.faults.lyingHolder) {
      await fetchContent(this.#context, { content, sources: request.sources, pin, signal: this.#stopping.signal });
      const held = { leaseId, segment: Number(segment), content: checkpoint, bytes };
      holdCheckpoint(store, { held, at: clock.now() });
    }
    return await this.#sign({ leaseId, segment, checkpoint, holder: nodeId });
  }

  async #sign(statement: Held.Held): Promise<Held.SignedHeld> {
    const { chain, operator } = this.#context;
    return { held: statement, signature: await signNoun(chain.network, Held.schema, statement, operator) };
  }

  async #check(request: StreamMessage<"hold.request">): Promise<void> {
    const { nodeId } = this.#context;
    const { leaseId, segment, checkpoint, bytes } = request;
    if (segment === BigInt(inputsSegment))
      throw refusal("hold.inputs", "inputs are held on `hold.inputs`, which opens them", false);
    if (bytes > maxCheckpointBytes) throw refusal("hold.size", `at most ${maxCheckpointBytes} bytes are held`, false);
    const facts = await this.#behind((): SegmentFacts | undefined =>
      this.#context.chain.segments(leaseId).find((one) => one.segment === segment),
    );
    if (facts === undefined) throw refusal("hold.unknown", "the segment is not on chain here", true);
    if (facts.checkpoint !== checkpoint) throw refusal("hold.checkpoint", "another checkpoint was committed", false);
    if (facts.voided) throw refusal("hold.voided", "the segment was found false", false);
    const draw = await this.#context.draws.get(leaseId, segment);
    if (draw === undefined) throw refusal("hold.notDrawnYet", "the beacon's round is not over", true);
    if (!draw.holders.includes(nodeId)) throw refusal("hold.notDrawn", "this node was not drawn", false);
    if (bytes > this.#bytesLeft()) throw refusal("hold.full", "this node holds as much as its owner allows", true);
  }

  #bytesLeft(): number {
    return this.#context.settings.caps.holdMiB * 1024 * 1024 - heldBytes(this.#context.store);
  }

  async #holdInputs(request: InputsRequest): Promise<Held.SignedHeld> {
    const { chain, nodeId, store } = this.#context;
    const { leaseId } = request.message;
    const lease = await this.#behind((): LeaseFacts | undefined => chain.lease(leaseId));
    const view = chain.view();
    if (lease === undefined || view === undefined)
      throw refusal("hold.unknown", "the lease is not on chain here", true);
    const others = heldInputs(store, { limit: mostInputs }).filter((one) => one !== leaseId);
    const buyers = others.map((one) => chain.lease(one)?.buyer ?? "");
    const wanted = checkInputs({ nodeId, view, lease, buyers, bytesLeft: this.#bytesLeft() }, request);
    if (this.#fetching >= mostFetches) throw refusal("hold.busy", "this node fetches other inputs right now", true);
    this.#fetching += 1;
    try {
      await this.#fetchInputs(wanted, request.message);
    } finally {
      this.#fetching -= 1;
    }
    const { jobCommitment } = lease;
    return await this.#sign({ leaseId, segment: BigInt(inputsSegment), checkpoint: jobCommitment, holder: nodeId });
  }

  async #fetchInputs(wanted: readonly BlobRef[], { leaseId, sources }: StreamMessage<"hold.inputs">): Promise<void> {
    const { clock, store, blobs } = this.#context;
    const late = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, late.signal]);
    const over = new AbortController();
    const timeout = refusal("hold.timeout", "the inputs did not arrive in time", true);
    void clock.sleep(inputsTimeoutMs, over.signal).then(
      () => late.abort(timeout),
      () => {},
    );
    const pin = inputsPin(leaseId);
    try {
      for (const content of wanted) await fetchContent(this.#context, { content, sources, pin, signal });
    } catch (error) {
      blobs.unpinAll(pin);
      throw error;
    } finally {
      over.abort();
    }
    for (const { contentId, bytes } of wanted)
      holdCheckpoint(store, { held: { leaseId, segment: inputsSegment, content: contentId, bytes }, at: clock.now() });
  }

  /** What the chain says, waiting a little for a snapshot that is behind the caller's. */
  async #behind<T>(find: () => T | undefined): Promise<T | undefined> {
    const { clock } = this.#context;
    for (const until = clock.now() + chainLagMs; ; ) {
      const found = find();
      if (found !== undefined || clock.now() > until || this.#stopping.signal.aborted) return found;
      await clock.sleep(lagPollMs, this.#stopping.signal).catch(() => {});
    }
  }

  /** A settled lease needs nobody's copy any more, and one that was started needs nobody's word for its inputs. */
  #release(): void {
    const { store, chain } = this.#context;
    for (const leaseId of heldInputs(store, { limit: 256 })) {
      const state = chain.lease(leaseId)?.state;
      if (state !== undefined && state !== "open" && state !== "inputsReady") this.#let(leaseId, inputsPin(leaseId));
    }
    for (const leaseId of heldLeases(store, { limit: 256 })) {
      const lease = chain.lease(leaseId);
      if (lease?.state !== "settled" || this.#isBuiltOn(lease)) continue;
      if (!lease.accrue || chain.now() > lease.claimUntil + keepResultSeconds) this.#let(leaseId, holdPin(leaseId));
      else this.#keepLast(leaseId);
    }
  }

  /** A later lease of the order may have begun with what is held here: its auditors ask for it. */
  #isBuiltOn({ leaseId, orderHash }: LeaseFacts): boolean {
    const { chain } = this.#context;
    const fills = chain.fillsOf(orderHash).map((fill) => fill.leaseId);
    return fills.slice(fills.indexOf(leaseId) + 1).some((later) => chain.lease(later)?.state !== "settled");
  }

  /** The buyer of an accrue lease may be away: the last checkpoint here may be what it paid for. */
  #keepLast(leaseId: Hex): void {
    const { store, blobs, clock } = this.#context;
    const held = heldFor(store, { leaseId, limit: maxSegments }).filter(({ segment }) => segment !== inputsSegment);
    const last = held.at(-1);
    if (last === undefined || held.length === 1) return;
    for (const { segment } of held.slice(0, -1)) releaseCheckpoints(store, { leaseId, segment, at: clock.now() });
    blobs.unpinAll(holdPin(leaseId));
    blobs.pin(last.content, holdPin(leaseId));
  }

  #let(leaseId: Hex, pin: string): void {
    const { store, blobs, clock } = this.#context;
    const which = pin === inputsPin(leaseId) ? { segment: inputsSegment } : {};
    releaseCheckpoints(store, { leaseId, ...which, at: clock.now() });
    blobs.unpinAll(pin);
  }
}

const refusal = (code: string, message: string, retryable: boolean) =>
  new WeftError(message, { code, fault: "caller", retryable });
