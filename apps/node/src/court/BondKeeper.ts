// The operator's money for bonds: brought into the court with the rival that is named, taken back when none of its rivals is left.
// What was won goes to the node's owner, whose key is cold.

import type { Signer } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import type { NodeContext } from "../NodeContext.ts";

export class BondKeeper {
  readonly #context: NodeContext;
  /** Money may lie in the court without need: true at start, and after each dispute. */
  isDue = true;

  constructor(context: NodeContext) {
    this.#context = context;
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
        remedy: "send the operator's account stablecoins, or deposit for it in the court from any account",
      });
    return { from: operator, amount: missing };
  }

  /** Locked in this node's rivals; stablecoin units. */
  locked(): bigint {
    const { court } = this.#context.chain;
    const rivals = court.disputes().flatMap((dispute) => dispute.rivals);
    const own = rivals.filter(
      ({ end, sponsor }) => end === "in" && sponsor.toLowerCase() === court.account.toLowerCase(),
    );
    return own.reduce((sum, { bond }) => sum + bond, 0n);
  }

  async takeBack(): Promise<void> {
    const { chain, log } = this.#context;
    if (this.locked() > 0n) return;
    const { deposit, earned } = await chain.court.money();
    const id = chain.now().toString();
    if (deposit > 0n) await chain.court.withdraw({ amount: deposit, id });
    if (earned > 0n) await chain.court.payOut({ amount: earned, id });
    if (deposit + earned > 0n) log.info({ deposit: deposit.toString(), won: earned.toString() }, "bonds taken back");
    this.isDue = false;
  }
}
