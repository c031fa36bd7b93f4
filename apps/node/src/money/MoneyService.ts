// Brings in what the node earned: claims by policy, several channels in one transaction, releases what matured, settles
// closed leases. Every transaction is an intent, so a kill between deciding and being mined pays nobody twice.

import type { LeaseFacts } from "@weft/chain/facts";
import { maxBatchClaims } from "@weft/protocol/generated/params";
import type { SignedVoucher } from "@weft/protocol/Voucher";
import { Loop } from "../Loop.ts";
import type { LeaseBoard } from "../leases/LeaseBoard.ts";
import type { NodeContext } from "../NodeContext.ts";
import { highestVoucher } from "../store/vouchers.ts";
import { Tasks } from "../Tasks.ts";
import { decideMoney, defaultMoneyPolicy } from "./decideMoney.ts";

/** Pause between two looks at one channel's matured money. */
const collectEveryMs = 3000;
/** The buyer's gateway settles first where it is there; this long after it is due, the provider does. */
const settleGraceSeconds = 2n;

export class MoneyService {
  readonly #context: NodeContext;
  readonly #board: LeaseBoard;
  readonly #loop: Loop;
  readonly #tasks: Tasks;
  readonly #collectedAt = new Map<string, number>();

  constructor(context: NodeContext, board: LeaseBoard) {
    this.#context = context;
    this.#board = board;
    const { clock, log } = context;
    this.#loop = new Loop(
      { name: "money", everyMs: 1000, leastMs: 250, step: async () => this.#step() },
      { clock, log },
    );
    this.#tasks = new Tasks({ clock, log, onEnd: () => this.#loop.poke() });
  }

  start(): void {
    this.#context.chain.onChange(() => this.#loop.poke());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#tasks.stop()]);
  }

  #step(): void {
    const { chain, nodeId, store } = this.#context;
    const policy = defaultMoneyPolicy(chain.params);
    const due: SignedVoucher[] = [];
    for (const facts of chain.leasesOf(nodeId)) {
      const earning = this.#board.get(facts.leaseId)?.pipeline.earning();
      const action = decideMoney({ facts, earning, now: chain.now(), policy, params: chain.params });
      if (action.act === "claim") {
        const voucher = highestVoucher(store, { channelId: facts.leaseId });
        if (voucher !== undefined) due.push(voucher);
      } else if (action.act === "claimAccrued")
        this.#tasks.run(
          `claim/${facts.leaseId}`,
          async () => void (await chain.claimAccrued(facts.leaseId, action.anchored)),
        );
      else if (action.act === "collect") this.#collectLater(facts);
    }
    this.#claim(due);
  }

  #claim(due: readonly SignedVoucher[]): void {
    const { chain, log } = this.#context;
    const [first] = due;
    if (first === undefined) return;
    const key = due.length === 1 ? `claim/${first.voucher.channelId}` : "claim/batch";
    this.#tasks.run(key, async () => {
      const mined = due.length === 1 ? await chain.claim(first) : await chain.batchClaim(due.slice(0, maxBatchClaims));
      log.info({ channels: due.length, transaction: mined.hash, gasUsed: mined.gasUsed.toString() }, "claimed");
    });
  }

  #collectLater(facts: LeaseFacts): void {
    const { clock } = this.#context;
    const last = this.#collectedAt.get(facts.leaseId) ?? 0;
    if (clock.now() - last < collectEveryMs) return;
    if (this.#collectedAt.size > 4096) this.#collectedAt.clear();
    this.#collectedAt.set(facts.leaseId, clock.now());
    this.#tasks.run(`collect/${facts.leaseId}`, () => this.#collect(facts));
  }

  async #collect(facts: LeaseFacts): Promise<void> {
    const { chain, log } = this.#context;
    const { leaseId } = facts;
    if (facts.state === "settling" || facts.state === "closing") {
      const at = await chain.settleableAt(leaseId);
      if (at > 0n && chain.now() >= at + settleGraceSeconds) {
        const mined = await chain.settle(leaseId);
        log.info({ leaseId, transaction: mined.hash }, "lease settled");
        return;
      }
    }
    const channel = await chain.channel(leaseId);
    if (channel.releasable === 0n || channel.frozenUntil > chain.now()) return;
    // Settling pays what is released too; releasing a moment before would only cost gas.
    if (facts.state === "settling") return;
    const { amount } = await chain.release(leaseId, channel);
    if (amount > 0n) log.info({ leaseId, amount: amount.toString() }, "released");
  }
}
