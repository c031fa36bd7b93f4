// Takes a lease's finished segments, in order, to where they are paid: on chain, to holders, to the gateway. Each step
// decides per segment (decideSegment.ts) and starts what is due; what runs is keyed, so a step may be repeated freely.

import type { SegmentFacts as ChainSegment, LeaseFacts } from "@weft/chain/facts";
import { recover } from "@weft/chain/Keys";
import { acceptVoucher, type EarningState, mayWork } from "@weft/market/earning";
import { digestOf } from "@weft/protocol/Domain";
import * as Voucher from "@weft/protocol/Voucher";
import { roundAt } from "../chain/NodeChain.ts";
import { earningOf } from "../leases/earning.ts";
import type { JobSession, SegmentAnswer } from "../leases/JobSession.ts";
import { countRefusal, type NodeContext } from "../NodeContext.ts";
import { listReceipts, markReceipt } from "../store/receipts.ts";
import { highestVoucher, keepVoucher } from "../store/vouchers.ts";
import type { Tasks } from "../Tasks.ts";
import { askHolder } from "./askHolder.ts";
import {
  decideSegment,
  type SegmentAction,
  type SegmentContext,
  type SegmentFacts,
  type SegmentWork,
} from "./decideSegment.ts";
import { signAgain, signInflated, workOf } from "./recordSegment.ts";

/** Drawn holders whose statements the chain wants where the buyer may be offline. */
const heldNeeded = 2;
/** Segments looked at in one step; the rest waits behind them. */
const window = 16;
/** Refusals of one segment before the gateway is given up. */
const mostRefusals = 24;
const firstResendMs = 400;
const longestResendMs = 5000;
/** Stands for the signer of a signature that recovers to none. */
const nobody = `0x${"0".repeat(40)}` as const;

interface Refusals {
  count: number;
  retryAt: number;
  code: string;
}

export class SegmentPipeline {
  readonly #context: NodeContext;
  readonly #leaseId: `0x${string}`;
  readonly #tasks: Tasks;
  readonly #works: SegmentWork[] = [];
  readonly #refusals = new Map<bigint, Refusals>();
  #rewinds: number;
  #upTo = Number.MAX_SAFE_INTEGER;
  /** Segments below are done for good. */
  #first = 0;

  /** `upTo`: segments from this one on don't count any more; see LeaseBody. */
  constructor(context: NodeContext, options: { leaseId: `0x${string}`; tasks: Tasks; upTo?: number | undefined }) {
    this.#context = context;
    this.#leaseId = options.leaseId;
    this.#tasks = options.tasks;
    this.#rewinds = context.chain.rewinds();
    for (let from = 0; ; ) {
      const page = listReceipts(context.store, { leaseId: this.#leaseId, from, limit: 256 });
      for (const receipt of page) this.#works.push(workOf(receipt));
      from = (page.at(-1)?.sequence ?? -1) + 1;
      if (page.length < 256) break;
    }
    if (options.upTo !== undefined) this.takeBack(options.upTo);
  }

  /** Forgets the segments from this one on, and takes none in its place. */
  takeBack(segment: number): void {
    this.#upTo = segment;
    this.#works.splice(segment);
  }

  /** A segment the runtime finished; the same again is nothing new. */
  add(work: SegmentWork): void {
    if (this.#works.length < this.#upTo && work.commitment.segment === BigInt(this.#works.length))
      this.#works.push(work);
  }

  get last(): SegmentWork | undefined {
    return this.#works.at(-1);
  }

  get count(): number {
    return this.#works.length;
  }

  at(segment: number): SegmentWork | undefined {
    return this.#works[segment];
  }

  /** Starts everything that is due. */
  step(facts: LeaseFacts, session: JobSession | undefined): void {
    if (this.#rewinds !== this.#context.chain.rewinds()) this.#onRewind();
    const onChain = this.#context.chain.segments(this.#leaseId);
    let sendable = true;
    for (const work of this.#works.slice(this.#first, this.#first + window)) {
      const known = onChain.find(({ segment }) => segment === work.commitment.segment);
      const context = this.#contextFor(work, { facts, session, nextOnChain: BigInt(onChain.length), sendable });
      const action = decideSegment(work, this.#factsOf(work, known), context);
      this.#perform(work, action, session);
      // Vouchers are cumulative and answered in order: nothing overtakes a segment without its answer.
      if (action.act !== "done") sendable = false;
      else if (!context.accrue && Number(work.commitment.segment) === this.#first) this.#first += 1;
    }
  }

  #onRewind(): void {
    this.#rewinds = this.#context.chain.rewinds();
    this.#first = 0;
    this.#tasks.forgive();
  }

  #contextFor(
    work: SegmentWork,
    env: { facts: LeaseFacts; session: JobSession | undefined; nextOnChain: bigint; sendable: boolean },
  ): SegmentContext {
    const { chain, clock } = this.#context;
    const { session } = env;
    const retryAt = this.#refusals.get(work.commitment.segment)?.retryAt ?? 0;
    const free = env.sendable && session?.waitingFor === undefined && clock.now() >= retryAt;
    const isOpen = session?.open === true;
    return {
      round: roundAt(chain.beacon(), chain.now()),
      nextOnChain: env.nextOnChain,
      session: isOpen ? (free ? "unsent" : "sent") : "none",
      accrue: env.facts.accrue,
      heldNeeded,
      running: env.facts.state === "running" || env.facts.state === "closing",
    };
  }

  #factsOf(work: SegmentWork, known: ChainSegment | undefined): SegmentFacts {
    const { segment, beaconRound } = work.commitment;
    const { draws } = this.#context;
    const draw = draws.peek(this.#leaseId, segment);
    if (known !== undefined && draw === undefined && draws.isDue(beaconRound))
      this.#tasks.run(`draw/${segment}`, async () => void (await draws.get(this.#leaseId, segment)));
    return {
      committed: known?.commitmentHash,
      available: known?.available ?? false,
      voided: known?.voided ?? false,
      draw: { ready: draw !== undefined, holders: draw?.holders ?? [] },
    };
  }

  #perform(work: SegmentWork, action: SegmentAction, session: JobSession | undefined): void {
    const { segment } = work.commitment;
    const { chain } = this.#context;
    const lease = chain.lease(this.#leaseId);
    if (action.act === "commit" && lease !== undefined)
      this.#tasks.run(`commit/${segment}`, async () => void (await chain.commitSegment(work, lease.offerHash)));
    else if (action.act === "sign") this.#tasks.run(`sign/${segment}`, () => this.#signAgain(work));
    else if (action.act === "ask") for (const holder of action.holders) this.#ask(work, holder);
    else if (action.act === "prove")
      this.#tasks.run(
        `prove/${segment}`,
        async () => void (await chain.proveHeld(work.commitment, work.held.slice(0, heldNeeded))),
      );
    else if (action.act === "send" && session !== undefined)
      this.#tasks.run(`send/${segment}`, async () => this.#send(work, session));
  }

  async #signAgain(work: SegmentWork): Promise<void> {
    this.#works[Number(work.commitment.segment)] = await signAgain(this.#context, work);
  }

  #ask(work: SegmentWork, holder: `0x${string}`): void {
    const ask = async (signal: AbortSignal) => {
      const signed = await askHolder(this.#context, work, { holder, signal });
      if (!work.held.some(({ held }) => held.holder === holder)) work.held.push(signed);
    };
    // A holder's snapshot may be half a block behind: that it does not know the draw yet is everyday.
    this.#tasks.run(`hold/${work.commitment.segment}/${holder}`, ask, { warnFrom: 4 });
  }

  async #send(work: SegmentWork, session: JobSession): Promise<void> {
    const { checkpointBytes, held } = work;
    const isTwice = this.#context.faults.twoContents?.(work.commitment.segment) === true;
    const { commitment, signature } = isTwice ? await signInflated(this.#context, work) : work;
    await session.segment({ commitment, signature, checkpointBytes, holders: held.slice(0, 8) });
  }

  /** The gateway's answer to a segment; -1 when it is not known to which. */
  onAnswer(segment: bigint, answer: SegmentAnswer): void {
    if (answer.kind === "voucher") this.#onVoucher(segment, answer.voucher);
    // The gateway is beyond this segment: a later voucher covered it.
    else if (answer.code === "receipt.replay") this.#markPaid(segment);
    else this.#markUnpaid(segment, answer.code);
  }

  /** It is sent again, later each time. */
  #markUnpaid(segment: bigint, code: string): void {
    const work = this.#works[Number(segment)];
    if (work === undefined) return;
    work.answer = { paid: false, code };
    const count = (this.#refusals.get(segment)?.count ?? 0) + 1;
    const waitMs = Math.min(longestResendMs, firstResendMs * 2 ** Math.min(6, count - 1));
    this.#refusals.set(segment, { count, code, retryAt: this.#context.clock.now() + waitMs });
    this.#context.log[count === 1 ? "info" : "debug"](
      { leaseId: this.#leaseId, segment: segment.toString(), code, count },
      "segment not paid yet",
    );
  }

  #onVoucher(segment: bigint, signed: Voucher.SignedVoucher): void {
    const { chain, store, clock, log } = this.#context;
    const state = this.earning();
    if (state === undefined) return;
    const { voucher, signature } = signed;
    const signer = recover({ digest: digestOf(chain.network, Voucher.schema, voucher), signature }) ?? nobody;
    const decision = acceptVoucher(state, { voucher, signature, signer });
    if (decision.ok) keepVoucher(store, { signed, at: clock.now() });
    else {
      countRefusal(this.#context, decision.refusal.code);
      log.warn({ leaseId: this.#leaseId, code: decision.refusal.code }, "voucher refused");
    }
    if (segment < 0n) return;
    const short = this.#owedAt(segment) - (decision.ok ? voucher.cumulative : state.cumulative);
    if (decision.ok && short > 0n)
      log.warn({ leaseId: this.#leaseId, short: short.toString() }, "voucher pays less than the metered work");
    // The same voucher again pays a segment that was sent again, and no later one.
    if (decision.ok || short <= 0n) this.#markPaid(segment);
    else this.#markUnpaid(segment, decision.refusal.code);
  }

  /** What should be promised once this segment is paid: later ones wait for their own answer. */
  #owedAt(segment: bigint): bigint {
    const facts = this.#context.chain.lease(this.#leaseId);
    const metered = this.#works
      .slice(0, Number(segment) + 1)
      .reduce((sum, { commitment }) => sum + commitment.meteredSeconds, 0n);
    const owed = (facts?.ratePerSecond ?? 0n) * metered;
    return facts !== undefined && owed > facts.cap ? facts.cap : owed;
  }

  #markPaid(upTo: bigint): void {
    for (const work of this.#works.slice(0, Number(upTo) + 1)) {
      if (work.answer?.paid === true) continue;
      work.answer = { paid: true };
      this.#refusals.delete(work.commitment.segment);
      markReceipt(this.#context.store, {
        leaseId: this.#leaseId,
        sequence: Number(work.commitment.segment),
        state: "paid",
      });
    }
  }

  /** The money side of the lease, from disk and chain. */
  earning(): EarningState | undefined {
    const facts = this.#context.chain.lease(this.#leaseId);
    if (facts === undefined) return undefined;
    const receipts = this.#works.map(({ commitment: { segment, meteredSeconds } }) => ({ segment, meteredSeconds }));
    return earningOf(facts, { receipts, voucher: highestVoucher(this.#context.store, { channelId: this.#leaseId }) });
  }

  /** Segments without their end: no voucher, or in accrue mode not available. */
  open(accrue: boolean): number {
    if (!accrue) return this.#works.filter((work) => work.answer?.paid !== true).length;
    const available = new Set(
      this.#context.chain.segments(this.#leaseId).flatMap(({ segment, available: is }) => (is ? [segment] : [])),
    );
    return this.#works.filter(({ commitment }) => !available.has(commitment.segment)).length;
  }

  /** May the runtime go on? Not when the buyer is behind by more than the owner allows. */
  mayWork(accrue: boolean): boolean {
    const { maxUnpaidSegments } = this.#context.settings;
    if (this.open(accrue) > maxUnpaidSegments) return false;
    const state = accrue ? undefined : this.earning();
    return state === undefined || mayWork(state, { maxUnpaidSegments }).work;
  }

  /** The code of a segment that the gateway refused for good. */
  hopeless(): string | undefined {
    return [...this.#refusals.values()].find(({ count }) => count >= mostRefusals)?.code;
  }
}
