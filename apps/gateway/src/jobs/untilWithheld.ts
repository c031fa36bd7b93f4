// When is state withheld? A segment whose commitment is on chain and whose holders are drawn must become payable soon:
// the checkpoint exists by then, and only has to be handed over. What does not arrive is a fault of the provider.
import type { GatewayContext } from "../GatewayContext.ts";
import { isAccused } from "./checkSegment.ts";
import type { JobRecord, LeaseRecord } from "./JobRecord.ts";

/** From the draw to the payable segment, beside the way of the bytes. */
const graceMs = 20_000;
/** Slowest link that a provider may have: a megabyte a second. */
const leastBytesPerMs = 1000;

/** Milliseconds in which a checkpoint must be handed over: one holder and then this gateway fetch it. */
export const handoverMs = (checkpointBytes: number): number =>
  graceMs + Math.ceil((2 * checkpointBytes) / leastBytesPerMs);

const lookMs = 1000;

/** Resolves with the lease's segment that is withheld; rejects when the signal ends the lease first. */
export async function untilWithheld(
  context: GatewayContext,
  work: { record: JobRecord; lease: LeaseRecord; handoverMs: number; signal: AbortSignal },
): Promise<number> {
  const { leaseId } = work.lease;
  let waiting: { segment: number; since: number } | undefined;
  for (;;) {
    await context.clock.sleep(lookMs, work.signal);
    const segment = work.record.segments.filter((one) => one.leaseId === leaseId).length;
    const segments = context.chain.segments(leaseId);
    // While an accusation stops pay, this gateway asks for no checkpoint: that time counts for nobody either.
    const isDue = segments.some((one) => one.segment === BigInt(segment)) && !isAccused(segments);
    if (!isDue || waiting?.segment !== segment) waiting = undefined;
    if (!isDue) continue;
    // While the chain does not answer nothing can be proven to this gateway either: that time counts for nobody.
    const drawn = await context.chain.draw(leaseId, BigInt(segment)).catch(() => undefined);
    if (drawn?.ready !== true) waiting = undefined;
    else {
      const now = context.clock.now();
      waiting ??= { segment, since: now };
      if (now - waiting.since > work.handoverMs) return segment;
    }
  }
}
