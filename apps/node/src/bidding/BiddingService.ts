// Answers orders with bids: what comes in by gossip (or the pull sync) goes through the intake, is judged once, and a
// bid goes over its own stream to the order's reply address. Bids are made at once: auctions are short.
import { WeftError } from "@weft/protocol/Errors";
import { type GossipMessage, gossip, type Peer, protocols, streams, topics } from "@weft/protocol/messages";
import * as Order from "@weft/protocol/Order";
import { call } from "@weft/transport/Request";
import type { GossipVerdict } from "@weft/transport/Transport";
import { decodeMessage } from "@weft/transport/Wire";
import type { Hex } from "viem";
import { takeOffer, takeOrder } from "../book/intake.ts";
import type { NodeContext } from "../NodeContext.ts";
import { signOffer } from "../offers/OffersService.ts";
import { Tasks } from "../Tasks.ts";
import { decideBid, jitteredPrice } from "./decideBid.ts";

const bidTimeoutMs = 5000;
const bidTries = 2;
const mostGateways = 4096;
const mostBids = 4096;

export interface BiddingOptions {
  /** Leases that use this node's threads now. */
  activeLeases: () => number;
}

export class BiddingService {
  readonly #context: NodeContext;
  readonly #options: BiddingOptions;
  readonly #tasks: Tasks;
  /** Orders answered already, oldest first. */
  readonly #answered = new Map<Hex, string>();
  readonly #unsubscribe: (() => void)[] = [];

  constructor(context: NodeContext, options: BiddingOptions) {
    this.#context = context;
    this.#options = options;
    this.#tasks = new Tasks({ clock: context.clock, log: context.log, onEnd: () => {}, limit: 64 });
  }

  start(): void {
    const { transport, networkId, intake } = this.#context;
    const names = topics(networkId);
    this.#unsubscribe.push(
      transport.subscribe(names.offers, (payload) =>
        takeOffer(intake, decodeMessage({ offer: gossip.offer }, payload).body),
      ),
      transport.subscribe(names.orders, (payload) =>
        this.#takeOrder(decodeMessage({ order: gossip.order }, payload).body),
      ),
    );
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#tasks.stop();
  }

  /** Orders answered with a bid, and why others were not, by order hash. */
  answers(): ReadonlyMap<Hex, string> {
    return this.#answered;
  }

  async #takeOrder(message: GossipMessage<"order">): Promise<GossipVerdict> {
    const verdict = await takeOrder(this.#context.intake, message);
    this.onOrder(message);
    return verdict;
  }

  /** An order in the book: note its gateway, answer it once. */
  onOrder(message: GossipMessage<"order">): void {
    const { intake, gateways } = this.#context;
    const hash = Order.hash(message.order);
    if (!intake.book.orders.has(hash) || this.#answered.has(hash)) return;
    keepNewest(gateways, hash, message.reply, mostGateways);
    const answer = this.#answer(hash, message);
    keepNewest(this.#answered, hash, answer, mostBids);
  }

  #answer(hash: Hex, message: GossipMessage<"order">): string {
    const { chain, intake, settings, nodeId, operator, log } = this.#context;
    const view = chain.view();
    const entry = intake.book.orders.get(hash);
    if (view === undefined || entry === undefined) return "unknown";
    const decision = decideBid(
      {
        ...{ nodeId, operator: operator.address.toLowerCase() as Hex, view, plans: settings.pools },
        ...{ closed: this.#context.closed(), leases: this.#options.activeLeases(), mostLeases: settings.caps.leases },
        tiers: [Order.tier.exact, Order.tier.bare],
        priceOf: (plan) =>
          jitteredPrice(plan.pricePerUnitSecond, { jitterPpm: settings.priceJitterPpm, orderHash: hash, nodeId }),
      },
      entry,
    );
    if (!decision.bid) {
      const why = decision.reasons.map(({ code }) => code).join(", ");
      log.info({ order: hash, why }, "no bid");
      return why;
    }
    this.#tasks.run(`bid/${hash}`, async (signal) => {
      const signed = await signOffer(this.#context, decision.draft);
      await this.#send(hash, { signed, reply: message.reply, signal });
    });
    return "bid";
  }

  async #send(
    hash: Hex,
    bid: { signed: Awaited<ReturnType<typeof signOffer>>; reply: Peer; signal: AbortSignal },
  ): Promise<void> {
    const { transport, log } = this.#context;
    for (let attempt = 1; ; attempt++) {
      try {
        const { body } = await call(transport, bid.reply, {
          protocol: protocols.bid,
          requests: { bid: streams.bid },
          kind: "bid",
          body: { ...bid.signed, peer: this.#context.self() },
          answers: { "bid.result": streams["bid.result"] },
          timeoutMs: bidTimeoutMs,
          signal: bid.signal,
        });
        log.info({ order: hash, accepted: body.accepted, reasons: body.reasons }, "bid sent");
        return;
      } catch (error) {
        if (attempt < bidTries && !bid.signal.aborted) continue;
        // Too late to matter: the auction goes on without this bid.
        log.warn(
          { order: hash, err: error instanceof WeftError ? error : new Error(String(error)) },
          "bid not delivered",
        );
        return;
      }
    }
  }
}

function keepNewest<V>(map: Map<Hex, V>, key: Hex, value: V, limit: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
}
