// The operator's money for bonds: brought into the court with the rival that is named, taken back when none of its rivals is left.
// What was won goes to the node's owner, whose key is cold.
import type { RivalState } from "@weft/chain/Snapshot";
import { bondsWanted } from "@weft/court/gameRules";
import * as Amount from "@weft/protocol/Amount";
import type { Signer } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";
import type { NodeContext } from "../NodeContext.ts";
import { mostRivalsOf } from "./courtLimits.ts";
import { isOneOf, type JoinPurse } from "./decideJoin.ts";

export class BondKeeper {
  readonly #context: NodeContext;
  readonly #replaySeconds: () => number;
  /** Sent with a rival that the snapshot may not show yet, by commitment. */
  readonly #sent = new Map<Hex, bigint>();
  #naming: Promise<unknown> = Promise.resolve();
  /** Money may lie in the court without need: true at start, and after each dispute. */
  isDue = true;

  /** `replaySeconds`: of the longest replay so far. */
  constructor(context: NodeContext, replaySeconds: () => number) {
    this.#context = context;
    this.#replaySeconds = replaySeconds;
  }

  /** One rival is named after the other: each sees the money that those before it left. */
  async inTurn<T>(name: () => Promise<T>): Promise<T> {
    const turn = this.#naming.then(name);
    this.#naming = turn.catch(() => {});
    return turn;
  }

  /** What there is for one more rival; `ahead` is the caller's to say. */
  async purse(): Promise<Omit<JoinPurse, "ahead">> {
    const { chain, settings } = this.#context;
    const { court } = settings;
    const { deposit, wallet } = await chain.court.money();
    const own = this.#own();
    const sent = [...this.#sent.values()];
    return {
      locked: sum([...own.map(({ bond }) => bond), ...sent]),
      ...{ mostLocked: court.bonds, free: deposit + wallet },
      rivals: own.length + sent.length,
      mostRivals: mostRivalsOf(court, {
        seconds: this.#replaySeconds(),
        clock: Number(chain.params.courtClockSeconds),
      }),
    };
  }

  /** What of a bond isn't in the court; undefined: nothing. @throws WeftError `court.money` when the operator hasn't that much */
  async missing(bond: bigint): Promise<{ from: Signer; amount: bigint } | undefined> {
    const { chain, operator } = this.#context;
    const { deposit, wallet } = await chain.court.money();
    const missing = bond - deposit;
    if (bond > 0n) this.isDue = true;
    if (missing <= 0n) return undefined;
    if (missing > wallet)
      throw new WeftError(`a bond needs ${missing} more stablecoin units than the operator has in the court`, {
        code: "court.money",
        fault: "us",
        retryable: true,
        details: { bond, deposit, wallet, operator: operator.address },
      });
    return { from: operator, amount: missing };
  }

  /** A rival was named with that bond, whether or not the snapshot has it. */
  sent(commitment: Hex, bond: bigint): void {
    if (bond > 0n) this.#sent.set(commitment, bond);
  }

  isSent(commitment: Hex): boolean {
    return this.#sent.has(commitment);
  }

  /** What was sent may be gone. */
  rewound(): void {
    this.#sent.clear();
  }

  async takeBack(): Promise<void> {
    const { chain, log } = this.#context;
    if (this.#own().length > 0 || this.#sent.size > 0) return;
    const { deposit, earned } = await chain.court.money();
    const id = chain.now().toString();
    if (deposit > 0n) await chain.court.withdraw({ amount: deposit, id });
    if (earned > 0n) await chain.court.payOut({ amount: earned, id });
    if (deposit + earned > 0n) log.info({ deposit: deposit.toString(), won: earned.toString() }, "bonds taken back");
    this.isDue = false;
    await this.#warn();
  }

  /** Before a challenge ends for want of money. */
  async #warn(): Promise<void> {
    const { chain, settings, log, operator } = this.#context;
    const { mostLocked, free } = await this.purse();
    const most = bondsWanted(chain.params);
    const wanted = mostLocked === undefined || mostLocked > most ? most : mostLocked;
    if (free >= wanted || mostRivalsOf(settings.court) === 0) return;
    const missing = Amount.format(wanted - free);
    const remedy = `weft node court deposit ${missing}, or send them to ${operator.address}`;
    log.warn({ has: Amount.format(free), wanted: Amount.format(wanted), remedy }, "little money for bonds in disputes");
  }

  /** Rivals of this node that are in. What the snapshot shows needs no note any more. */
  #own(): RivalState[] {
    const { court } = this.#context.chain;
    const accounts = court.accounts();
    const own: RivalState[] = [];
    for (const { commitmentHash, rivals } of court.disputes()) {
      const named = rivals.filter(({ sponsor }) => isOneOf(accounts, sponsor));
      if (named.length > 0) this.#sent.delete(commitmentHash);
      own.push(...named.filter(({ end }) => end === "in"));
    }
    return own;
  }
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n);
