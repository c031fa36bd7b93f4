// From a verdict of this node's to its rival in the court: finds what can be said, decides whether to say it now, and says it.
import { rivalOf } from "@weft/chain/actions/accuse";
import type { DisputeState } from "@weft/chain/Snapshot";
import { ladderOf } from "@weft/court/gameRules";
import { hasCode, type WeftError } from "@weft/protocol/Errors";
import type { Order } from "@weft/protocol/Order";
import * as Segment from "@weft/protocol/Segment";
import { courtOpening } from "@weft/verification/court/grounds";
import { roundAt } from "../chain/NodeChain.ts";
import type { NodeContext } from "../NodeContext.ts";
import type { BondKeeper } from "./BondKeeper.ts";
import { decideJoin, type JoinAction } from "./decideJoin.ts";
import { type Found, findAccusation } from "./findAccusation.ts";
import type { Subject } from "./materials.ts";
import type { Replays } from "./Replays.ts";

export type Joined =
  | Exclude<JoinAction, { act: "join" | "refuse" }>
  | { act: "refuse"; code: string; why?: string }
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
  games: number;
  leaving: boolean;
}

/** Bonds that may be locked at a time where the owner says nothing: three sponsors' before this node's. */
const ladders = 8n;

/** @throws WeftError of the chain, the runtime, `content.unavailable` */
export async function joinDispute(context: NodeContext, options: JoinOptions): Promise<Joined> {
  const { kept, key, replays } = options;
  const { chain, log } = context;
  const commitment = await chain.commitment(kept.leaseId, BigInt(kept.segment));
  if (Segment.hash(commitment) !== kept.commitment) return { act: "nothing" };
  const early = await decide(context, { ...options, commitment, rival: undefined });
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
  const decision = await decide(context, { ...options, commitment, rival: rivalOf(accusation) });
  if (decision.act !== "join") return decision;
  const order = await orderOf(context, options);
  const field = kept.body.details.find(({ field: name }) => name === "court");
  if (order === undefined || field === undefined) return { act: "refuse", code: "court.order" };
  const first = commitment.segment === 0n ? commitment : await chain.commitment(kept.leaseId, 0n);
  let missing: Awaited<ReturnType<BondKeeper["missing"]>>;
  try {
    missing = await options.bonds.missing(decision.bond);
  } catch (error) {
    if (!hasCode(error, "court.money")) throw error;
    return { act: "refuse", code: "court.money", why: (error as WeftError).message };
  }
  const opening = courtOpening(order, field, program);
  const accused = { commitment, first, opening, accusation, bond: decision.bond };
  const { gasUsed } = await chain.court.accuse(accused, missing);
  const said = { leaseId: kept.leaseId, segment: kept.segment, call: accusation.call, bond: decision.bond.toString() };
  log.warn({ ...said, gasUsed: gasUsed.toString() }, "a segment is challenged in the court");
  return { act: "named" };
}

async function decide(
  { chain, settings }: NodeContext,
  about: JoinOptions & { commitment: Segment.SegmentCommitment } & Pick<Parameters<typeof decideJoin>[0], "rival">,
): Promise<JoinAction> {
  const { kept, lease, dispute, rival, commitment, bonds, games, leaving } = about;
  const { court, params } = chain;
  return decideJoin({
    ...{ now: chain.now(), windowSeconds: params.challengeWindowSeconds, dispute, rival, games, leaving },
    committedAt: court.committedAt(kept.leaseId, BigInt(kept.segment)) ?? 0n,
    begun: roundAt(chain.beacon(), chain.now()) >= commitment.beaconRound,
    settled: lease.state === "settled",
    account: court.account,
    nextBond: rival === undefined ? 0n : await court.nextBond(kept.commitment),
    locked: bonds.locked(),
    mostLocked: settings.court.bonds ?? ladders * ladderOf(params),
    mostGames: settings.court.games,
  });
}

/** From the chain; else as it was gossiped. */
async function orderOf({ chain, intake }: NodeContext, { kept, lease }: JoinOptions): Promise<Order | undefined> {
  return kept.body.order ?? (await chain.court.order(kept.leaseId)) ?? intake.book.orders.get(lease.orderHash)?.order;
}
