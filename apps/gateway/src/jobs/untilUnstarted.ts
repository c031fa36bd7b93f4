// Watches a lease until its provider has started it. One that idles must not earn the start fee: when a share of the
// start deadline is over, a third node's word for the inputs goes on chain; from then on it is the provider's bond that
// is at stake, and after the renewed deadline it goes to the buyer.
//
// Only on demand: an honest provider starts within seconds, and then nobody is asked and no gas is spent.
import type { LeaseFacts } from "@weft/chain/facts";
import type { GatewayContext } from "../GatewayContext.ts";
import { askInputs, inputsHolders } from "./askInputs.ts";
import type { JobRecord, LeaseRecord } from "./JobRecord.ts";
import { detailsOf } from "./orderStart.ts";
import { resumeOf } from "./resumeOf.ts";

export interface StartWork {
  record: JobRecord;
  lease: LeaseRecord;
  signal: AbortSignal;
  /** The provider refused the job: there is nothing to wait for. */
  refused(): boolean;
}

export type StartStep = "wait" | "prove" | "giveUp" | "close" | "over";

/** What is due for a lease that may not have been started. Times in chain seconds. */
export function startStep(
  facts: Pick<LeaseFacts, "state" | "openedAt" | "readyAt">,
  time: { now: bigint; deadline: bigint; refused: boolean },
): StartStep {
  const { now, deadline } = time;
  if (facts.state === "inputsReady") return now > facts.readyAt + deadline ? "close" : "wait";
  if (facts.state !== "open") return "over";
  // Half of the deadline is for finding a holder and for the transaction. After that only the fee is left to lose, and
  // cancelling loses no time with it.
  if (now > facts.openedAt + (deadline * 3n) / 4n) return "giveUp";
  return time.refused || now >= facts.openedAt + deadline / 4n ? "prove" : "wait";
}

const lookMs = 500;
const retryMs = 2000;

/** Resolves when the lease was started or is closed ("over"), or when nobody could confirm the inputs ("giveUp"). */
export async function untilUnstarted(context: GatewayContext, work: StartWork): Promise<"over" | "giveUp"> {
  const { chain, clock } = context;
  const deadline = chain.params.startDeadlineSeconds;
  const since = clock.now();
  const look = (): StartStep => {
    const facts = chain.lease(work.lease.leaseId);
    if (facts !== undefined) return startStep(facts, { now: chain.now(), deadline, refused: work.refused() });
    // A lease that a rewind took from the chain comes back with its transaction, or not at all.
    return clock.now() - since > Number(deadline) * 1000 ? "giveUp" : "wait";
  };
  for (;;) {
    let step = look();
    if (step === "over") return step;
    try {
      // Facts that lag behind may show a started lease as idle.
      if (step !== "wait") {
        await chain.caughtUp();
        step = look();
      }
      if (step === "over" || step === "giveUp") return step;
      if (step === "prove") await prove(context, work);
      if (step === "close") await chain.closeUnstarted(work.lease.leaseId);
    } catch (error) {
      work.signal.throwIfAborted();
      context.log.warn({ leaseId: work.lease.leaseId, err: error }, "the idle lease was not dealt with yet");
    }
    await clock.sleep(step === "wait" ? lookMs : retryMs, work.signal);
  }
}

async function prove(context: GatewayContext, work: StartWork): Promise<void> {
  const { chain, clock } = context;
  const { record, lease } = work;
  const facts = chain.lease(lease.leaseId);
  if (facts === undefined) return;
  const { leaseId, nodeId: provider } = lease;
  const { jobCommitment } = facts;
  const details = detailsOf(record, jobCommitment);
  const left = facts.openedAt + (chain.params.startDeadlineSeconds * 3n) / 4n - chain.now();
  const held = await askInputs(
    context,
    {
      ...{ leaseId, jobCommitment, provider, signal: work.signal, untilMs: clock.now() + Number(left) * 1000 },
      message: { leaseId, details, ...resumeOf(record, lease), sources: [context.self()] },
    },
    inputsHolders(chain.view(), { leaseId, provider, buyer: context.buyer }),
  );
  if (held !== undefined) await chain.markInputsReady({ leaseId, jobCommitment }, held);
}
