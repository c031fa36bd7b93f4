// A lease that a rewind took from the chain comes back with its transaction, which its sender sends again. One that does not
// come back, because its offer expired meanwhile or another lease took the room, must not be waited for without end.
import type { Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";

const lookMs = 1000;

/** Resolves once the followed chain has not shown the lease for as long as a provider has to start one. */
export async function untilLost(
  context: Pick<GatewayContext, "chain" | "clock">,
  work: { lease: { leaseId: Hex }; signal: AbortSignal },
): Promise<void> {
  const { chain, clock } = context;
  const patience = chain.params.startDeadlineSeconds;
  let since: bigint | undefined;
  for (;;) {
    if (chain.lease(work.lease.leaseId) !== undefined) since = undefined;
    else since ??= chain.now();
    if (since !== undefined && chain.now() > since + patience) {
      // A view that lags is no loss, and while the chain is away nobody can send anything again: that time does not count.
      const seen = await chain.caughtUp().then(
        () => true,
        () => false,
      );
      if (!seen) since = undefined;
      else if (chain.lease(work.lease.leaseId) === undefined) return;
    }
    await clock.sleep(lookMs, work.signal);
  }
}
