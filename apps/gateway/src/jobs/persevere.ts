// An outage of the chain ends no job: its money is reserved, its provider works, and every phase can be entered again from
// the record, as after a kill.
import { isTransient } from "@weft/chain/Reverts";
import { WeftError } from "@weft/protocol/Errors";
import type { GatewayContext } from "../GatewayContext.ts";

/** Outages that one job waits out; each took the chain's own patience before it was one. */
export const mostOutages = 64;
const retryMs = 1000;

/** True for what the chain's adapter says when the chain does not answer, or not in time. */
const isOutage = (error: unknown): boolean =>
  isTransient(error) ||
  (error instanceof WeftError && error.code.startsWith("chain.") && error.fault === "network" && error.retryable);

/** Runs `drive` again after each outage, once the chain is followed to its head. @throws what else `drive` throws */
export async function persevere(
  context: Pick<GatewayContext, "chain" | "clock" | "log">,
  work: { drive: () => Promise<void>; signal: AbortSignal },
): Promise<void> {
  for (let outages = 0; ; outages++) {
    await untilCaughtUp(context, work.signal);
    try {
      return await work.drive();
    } catch (error) {
      if (!isOutage(error) || outages >= mostOutages || work.signal.aborted) throw error;
      context.log.warn({ err: error, outages }, "the chain is away; the job goes on when it is back");
    }
    await context.clock.sleep(retryMs, work.signal);
  }
}

/** A gateway that was away decides nothing by what it knew before. Ends as well when the job is stopped. */
async function untilCaughtUp(
  { chain, clock, log }: Pick<GatewayContext, "chain" | "clock" | "log">,
  signal: AbortSignal,
) {
  while (!signal.aborted) {
    try {
      return await chain.caughtUp();
    } catch (error) {
      log.warn({ err: error }, "the chain is not followed to its head yet");
    }
    await clock.sleep(retryMs, signal).catch(() => {});
  }
}
