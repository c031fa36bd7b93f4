// Burns what was slashed, once in a day of this node's and only where nobody did lately.
import { WeftError } from "@weft/protocol/Errors";
import type { NodeContext } from "../NodeContext.ts";
import { burnDay, daySeconds, leastBurnt } from "./decideBurn.ts";

type Context = Pick<NodeContext, "log" | "nodeId"> & {
  chain: Pick<NodeContext["chain"], "now" | "params" | "slashed" | "burnSlashed">;
};

export class BurnDuty {
  readonly #context: Context;
  /** The day in which it looked last; the one in which it started is somebody else's. */
  #day: bigint | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /** At most three reads and a transaction a day. Whatever fails is tried again on the next. */
  async step(): Promise<void> {
    const { chain, log, nodeId } = this.#context;
    const now = chain.now();
    if (now === 0n) return;
    const day = burnDay(nodeId, now);
    const isNew = this.#day !== undefined && day > this.#day;
    this.#day = day;
    if (!isNew) return;
    try {
      const { unburnt, burntLately } = await chain.slashed({ within: Number(daySeconds) });
      if (unburnt < leastBurnt(chain.params) || unburnt === 0n || burntLately) return;
      const { gasUsed } = await chain.burnSlashed(day);
      log.info({ weft: unburnt.toString(), gasUsed: gasUsed.toString() }, "slashed stake burnt");
    } catch (error) {
      // Somebody was quicker, the chain is away, the key has no coin: there is another day.
      if (!(error instanceof WeftError)) throw error;
      log.debug({ code: error.code }, "slashed stake is not burnt this time");
    }
  }
}
