// Keeps the node's standing offers true and heard: signs what changed, gossips every interval, and once more when the
// first neighbours appear. The seq is taken on disk
// before it is signed, so no number is ever given to two offers.
import { signNoun } from "@weft/protocol/Domain";
import { gossip, topics } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import { encodeMessage } from "@weft/transport/Wire";
import { takeOffer } from "../book/intake.ts";
import { Loop } from "../Loop.ts";
import type { NodeContext } from "../NodeContext.ts";
import { lastCounter, nextCounter } from "../store/counters.ts";
import { Tasks } from "../Tasks.ts";
import { decideOffers, minSeqOf, nextSeq, type OfferDraft } from "./decideOffers.ts";
import { type Audience, lookAround, nobody, toldAll } from "./newNeighbours.ts";

export class OffersService {
  readonly #context: NodeContext;
  readonly #activeLeases: () => number;
  readonly #loop: Loop;
  readonly #tasks: Tasks;
  readonly #signed = new Map<bigint, Offer.SignedOffer>();
  #silent = "";
  #heardAt = 0;
  #audience: Audience = nobody;

  /** @param activeLeases leases that this node works on now */
  constructor(context: NodeContext, activeLeases: () => number) {
    this.#context = context;
    this.#activeLeases = activeLeases;
    const { clock, log } = context;
    this.#tasks = new Tasks({ clock, log, onEnd: () => this.#loop.poke(), firstRetryMs: 1000 });
    this.#loop = new Loop(
      { name: "offers", everyMs: 1000, leastMs: 100, step: () => this.#step() },
      { clock: context.clock, log: context.log },
    );
  }

  start(): void {
    this.#context.chain.onChange(() => this.#loop.poke());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#tasks.stop()]);
  }

  /** Standing offers that are out now. */
  standing(): Offer.SignedOffer[] {
    return [...this.#signed.values()];
  }

  async #step(): Promise<void> {
    const { chain, nodeId, settings, clock, log } = this.#context;
    const view = chain.view();
    if (view === undefined) return;
    const decision = decideOffers({
      ...{ nodeId, nowSeconds: view.now, node: view.nodes.get(nodeId), minStake: view.params.minStake },
      ...{ closed: this.#context.closed(), plans: settings.pools, signed: this.#signed },
      ...{ leases: this.#activeLeases(), mostLeases: settings.caps.leases },
      lastSeq: lastCounter(this.#context.store, { name: "offerSeq" }),
    });
    for (const poolId of decision.silent.keys()) this.#signed.delete(poolId);
    const silent = [...decision.silent].map(([poolId, why]) => `${poolId}: ${why}`).join(", ");
    if (silent !== this.#silent) log.info({ silent: silent === "" ? "none" : silent }, "pools without an offer");
    this.#silent = silent;
    for (const { poolId, minSeq } of decision.withdraw)
      this.#tasks.run(`withdraw/${poolId}/${minSeq}`, async () => {
        await chain.cancelOffers({ poolId, slot: 0n, minSeq });
        log.info({ pool: poolId.toString() }, "offers withdrawn");
      });
    for (const draft of decision.sign) await this.#publish(await this.#sign(draft));
    const now = { peers: this.#context.transport.peers(), atMs: clock.now() };
    const { audience, repeat } = lookAround(this.#audience, now);
    const due = repeat || now.atMs - this.#heardAt >= settings.offerIntervalSeconds * 1000;
    if (due) for (const signed of decision.repeat) await this.#publish(signed);
    this.#audience = due ? toldAll(audience, now.atMs) : audience;
    if (due || decision.sign.length > 0) this.#heardAt = now.atMs;
  }

  async #sign(draft: OfferDraft): Promise<Offer.SignedOffer> {
    const signed = await signOffer(this.#context, draft);
    this.#signed.set(draft.poolId, signed);
    return signed;
  }

  async #publish(signed: Offer.SignedOffer): Promise<void> {
    const { transport, networkId, intake } = this.#context;
    const message = { ...signed, peer: this.#context.self() };
    takeOffer(intake, message);
    await transport.publish(topics(networkId).offers, encodeMessage(gossip, "offer", message));
  }
}

/** Signs an offer or a bid under the next seq. */
export async function signOffer(context: NodeContext, draft: OfferDraft): Promise<Offer.SignedOffer> {
  const { chain, store, clock, operator, nodeId } = context;
  const minSeq = minSeqOf(chain.view()?.nodes.get(nodeId), draft.poolId);
  // The counter gives one above `atLeast`, so the least wanted is one less.
  const atLeast = nextSeq(0n, { nowMs: clock.now(), minSeq }) - 1n;
  const offer = { ...draft, seq: nextCounter(store, { name: "offerSeq", atLeast }) };
  return { offer, signature: await signNoun(chain.network, Offer.schema, offer, operator) };
}
