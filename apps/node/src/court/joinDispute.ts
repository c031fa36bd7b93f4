// From a verdict of this node's to its rival in the court: finds what can be said, decides whether to say it now, and says it.
import { rivalOf } from "@weft/chain/actions/accuse";
import type { DisputeState } from "@weft/chain/Snapshot";
import { dearestBond } from "@weft/court/gameRules";
import * as Amount from "@weft/protocol/Amount";
import type { Order } from "@weft/protocol/Order";
import * as Segment from "@weft/protocol/Segment";
import { type Accusation, courtOpening } from "@weft/verification/court/grounds";
import { roundAt } from "../chain/NodeChain.ts";
import type { NodeContext } from "../NodeContext.ts";
import type { BondKeeper } from "./BondKeeper.ts";
import { aheadOf, decideJoin, type JoinAction, type JoinPurse, type Want } from "./decideJoin.ts";
import { type Found, findAccusation } from "./findAccusation.ts";
import type { Subject } from "./materials.ts";
import type { Replays } from "./Replays.ts";

export type Joined =
  | Exclude<JoinAction, { act: "join" | "refuse" | "queue" }>
  | { act: "refuse" | "queue"; code: string; why?: string }
  | { act: "wait"; why: "sent" }
  | { act: "named" }
  /** The court can be shown nothing: the replay agrees, or what is wrong is not the court's. */
  | { act: "nothing" };

export interface JoinOptions extends Omit<Subject, "commitment"> {
  key: string;
  replays: Replays;
  bonds: BondKeeper;
  /** What was found before, by key: a replay is made once. */
  known: Map<string, Found>;
  dispute: DisputeState | undefined;
  /** All that this node would accuse, this one among them. */
  wants(): readonly Want[];
  leaving: boolean;
}

/** @throws WeftError of the chain, the runtime, `content.unavailable` */
export async function joinDispute(context: NodeContext, options: JoinOptions): Promise<Joined> {
  const { kept, key, replays } = options;
  const { chain, log } = context;
  const commitment = await chain.commitment(kept.leaseId, BigInt(kept.segment));
  if (Segment.hash(commitment) !== kept.commitment) return { act: "nothing" };
  const early = await decide(context, { ...options, commitment, rival: undefined });
  if (early.act === "refuse" || early.act === "queue") return said(context, early);
  if (early.act !== "join") return early;
  const committedAt = chain.court.committedAt(kept.leaseId, BigInt(kept.segment)) ?? chain.now();
  const until = Number(committedAt + chain.params.challengeWindowSeconds);
  const { accusation, program } =
    options.known.get(key) ?? (await findAccusation(context, replays, { ...options, until, commitment }));
  options.known.set(key, { accusation, program });
  if (accusation === undefined) {
    log.warn(
      { leaseId: kept.leaseId, segment: kept.segment },
      "the audit's verdict is nothing that the court can be shown",
    );
    return { act: "nothing" };
  }
  return await options.bonds.inTurn(() => name(context, { ...options, commitment, accusation, program }));
}

/** Decides with the money that there is now, and says it. */
async function name(
  context: NodeContext,
  options: JoinOptions & { commitment: Segment.SegmentCommitment; accusation: Accusation; program: Found["program"] },
): Promise<Joined> {
  const { kept, lease, commitment, accusation, program, bonds } = options;
  const { chain, log } = context;
  if (bonds.isSent(kept.commitment)) return { act: "wait", why: "sent" };
  const decision = await decide(context, { ...options, rival: rivalOf(accusation) });
  if (decision.act === "refuse" || decision.act === "queue") return said(context, decision);
  if (decision.act !== "join") return decision;
  const order = await orderOf(context, options);
  const field = kept.body.details.find(({ field: name }) => name === "court");
  if (order === undefined || field === undefined) return { act: "refuse", code: "court.order" };
  const { leaseId } = lease;
  const first = commitment.segment === 0n ? commitment : await chain.commitment(leaseId, 0n);
  const { bond } = decision;
  const missing = await bonds.missing(bond);
  const opening = courtOpening(order, field, program);
  const { gasUsed } = await chain.court.accuse({ commitment, first, opening, accusation, bond }, missing);
  bonds.sent(kept.commitment, bond);
  const what = { leaseId, segment: kept.segment, call: accusation.call, bond: bond.toString() };
  log.warn({ ...what, gasUsed: gasUsed.toString() }, "a segment is challenged in the court");
  return { act: "named" };
}

const noPurse: JoinPurse = {
  ...{ locked: 0n, mostLocked: 0n, free: 0n, rivals: 0, mostRivals: 0 },
  ahead: { bonds: 0n, rivals: 0 },
};

/** An earlier segment of the lease was found false: the court hears nothing more of those after it. */
const isVoidAlready = (disputes: readonly DisputeState[], { leaseId, segment }: JoinOptions["kept"]): boolean =>
  disputes.some((one) => one.leaseId === leaseId && one.segment < segment && one.eliminated !== undefined);

async function decide(
  { chain }: NodeContext,
  about: JoinOptions & { commitment: Segment.SegmentCommitment } & Pick<Parameters<typeof decideJoin>[0], "rival">,
): Promise<JoinAction> {
  const { kept, lease, dispute, rival, commitment, bonds, leaving } = about;
  const { court, params } = chain;
  if (isVoidAlready(court.disputes(), kept)) return { act: "drop", why: "eliminated" };
  const isNamed = rival !== undefined;
  const { least, head } = isNamed ? await court.place(kept.commitment) : { least: 0n, head: 0n };
  const wants = about.wants();
  const own = wants.find(({ key }) => key === about.key);
  const ahead = own === undefined ? noPurse.ahead : aheadOf(own, wants);
  return decideJoin({
    ...{ now: chain.now(), windowSeconds: params.challengeWindowSeconds, dispute, rival, leaving },
    committedAt: court.committedAt(kept.leaseId, BigInt(kept.segment)) ?? 0n,
    begun: roundAt(chain.beacon(), chain.now()) >= commitment.beaconRound,
    settled: lease.state === "settled",
    ...{ least, head, dearest: dearestBond(params) },
    purse: isNamed ? { ...(await bonds.purse()), ahead } : noPurse,
  });
}

/** What stands against it, in words that name the sum and what to do. */
function said(
  { chain }: NodeContext,
  decision: Extract<JoinAction, { act: "refuse" | "queue" }>,
): Extract<Joined, { act: "refuse" | "queue" }> {
  const { code } = decision;
  if (!("bond" in decision)) return { act: "refuse", code };
  const bond = Amount.format(decision.bond);
  if (decision.act === "queue")
    return { act: "queue", code, why: `a bond of ${bond} waits for what other rivals of this node give back` };
  if (code === "court.bonds")
    return { act: "refuse", code, why: `a bond of ${bond} is more than --court-bonds allows` };
  if (code === "court.games") return { act: "refuse", code, why: "--court-games is 0" };
  const missing = Amount.format(decision.missing);
  const remedy = `weft node court deposit ${missing}, or send them to ${chain.court.account}`;
  return { act: "refuse", code, why: `a bond of ${bond} needs ${missing} more than the operator has: ${remedy}` };
}

/** From the chain; else as it was gossiped. */
async function orderOf({ chain, intake }: NodeContext, { kept, lease }: JoinOptions): Promise<Order | undefined> {
  return kept.body.order ?? (await chain.court.order(kept.leaseId)) ?? intake.book.orders.get(lease.orderHash)?.order;
}
