// Tells the user what happens in court to segments of a job's leases: each event of the log once, also after a restart.
import type { DisputeState } from "@weft/chain/Snapshot";
import { type DisputeEvent, shapes } from "@weft/protocol/DisputeEvent";
import type { Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import type { LeaseRecord } from "./JobRecord.ts";

type Ports = Pick<GatewayContext, "chain" | "store" | "emit" | "log">;

interface Job {
  jobId: string;
  leases: () => readonly LeaseRecord[];
}

/** Most events of one game are some thirty; a job whose leases have more than this is told no more. */
const mostTold = 10_000;

export function followDisputes(context: Ports, job: Job): () => void {
  let told: Set<string> | undefined;
  let reading = false;
  let last = "";
  const look = async () => {
    const leases = new Map(job.leases().map((lease) => [lease.leaseId as Hex, lease]));
    const ids: ReadonlySet<Hex> = new Set(leases.keys());
    const state = stateOf(context.chain.disputes(ids));
    // Of what is over nothing new comes; while a game goes on its moves do.
    if (state.text === "" || (state.text === last && !state.isLive)) return;
    const events = await context.chain.disputeEvents(ids);
    told ??= toldBefore(context, job.jobId);
    for (const event of events) {
      const key = keyOf(event);
      if (told.has(key) || told.size >= mostTold) continue;
      told.add(key);
      tell(context, { jobId: job.jobId, event, leases });
    }
    last = state.text;
  };
  return context.chain.onChange(() => {
    if (reading) return;
    reading = true;
    void look()
      .catch((err: unknown) => context.log.debug({ jobId: job.jobId, err }, "disputes could not be read"))
      .finally(() => {
        reading = false;
      });
  });
}

function stateOf(disputes: readonly DisputeState[]): { text: string; isLive: boolean } {
  const text = disputes
    .map(({ commitmentHash, rivals, eliminated, punished }) =>
      [commitmentHash, ...rivals.map(({ game, end }) => `${game}${end}`), eliminated?.at, punished?.stakeBurnt].join(),
    )
    .join(";");
  return { text, isLive: disputes.some(({ live }) => live !== undefined) };
}

const keyOf = ({ kind, transaction, game }: Pick<DisputeEvent, "kind" | "transaction" | "game">): string =>
  `${kind}/${transaction}/${game ?? ""}`;

const toldBefore = (ports: Pick<Ports, "store">, jobId: string): Set<string> =>
  new Set(disputesTold(ports, jobId).map(keyOf));

/** What the user was told of disputes over the job, in order. */
export function disputesTold({ store }: Pick<Ports, "store">, jobId: string): DisputeEvent[] {
  const told: DisputeEvent[] = [];
  for (let from = 1; ; ) {
    const events = store.eventsFrom(jobId, from);
    for (const event of events) if (Object.hasOwn(shapes, event.kind)) told.push(event as unknown as DisputeEvent);
    const end = events.at(-1)?.seq;
    if (end === undefined) return told;
    from = end + 1;
  }
}

/** In the job's own numbers of segments. A listener must not throw. */
function tell(
  context: Ports,
  { jobId, event, leases }: { jobId: string; event: DisputeEvent; leases: ReadonlyMap<string, LeaseRecord> },
): void {
  const { kind, ...body } = event;
  const lease = "leaseId" in body && body.leaseId !== undefined ? leases.get(body.leaseId) : undefined;
  const segment =
    lease !== undefined && "segment" in body && body.segment !== undefined
      ? { segment: lease.firstSegment + body.segment }
      : {};
  try {
    context.emit(jobId, kind, { ...body, ...segment } as never);
  } catch (err) {
    context.log.error({ jobId, err }, "a dispute could not be told");
  }
}
