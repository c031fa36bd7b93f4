// Attacks that need no false segment: on an honest node's true commitment, or on the honest challenger of a false one. What each
// cost whom, from receipts and balances; the honest side must have lost nothing.
import assert from "node:assert/strict";
import { accountOf } from "@weft/chain/chainFixture";
import { readBondDeposit, readDispute, readGameView } from "@weft/chain/courtReads";
import { chainTime, readChannel } from "@weft/chain/reads";
import {
  type Cost,
  type CourtRoom,
  type Made,
  type Meddle,
  playersOf,
  playToEnd,
  sponsored,
} from "@weft/court/courtRoomFixture";
import type { CourtLease } from "@weft/court/disputeFixture";
import { bondsWanted, dearestBond, ladderOf } from "@weft/court/gameRules";
import { decideJoin } from "@weft/node/court/decideJoin";
import * as Segment from "@weft/protocol/Segment";
import * as cheats from "@weft/tensor/commit/cheats";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { historyOf, type Stage, stageOf } from "@weft/verification/court/playFixture";
import { oracleOf, type TraceOracle } from "@weft/verification/court/TraceOracle";
import { type Hex, keccak256, toHex } from "viem";
import { auditor, committed, sumOf } from "./catchLie.ts";
import { slashedIn, standing } from "./Outcome.ts";

/** The account that attacks; in laundering the liar's friend. */
export const griefer = "griefer";

export type Harm = {
  readonly name: string;
  readonly how: string;
  /** Stablecoin units that the attacker lost, and that the honest side got. */
  readonly attackerLost: bigint;
  readonly victimGot: bigint;
  /** Bond that an honest challenger had in until the verdict, and got back. */
  readonly victimLocked: bigint;
  /** Gas of each. */
  readonly attackerGas: number;
  readonly victimGas: number;
  /** Seconds for which the lease's pay was frozen. */
  readonly frozenSeconds: number;
  readonly end: string;
};

type Sides = { readonly defender: TraceOracle; readonly rival: TraceOracle };
type Commitment = Segment.SegmentCommitment;
type About = { readonly lease: CourtLease; readonly commitment: Commitment };

const truthOf = (stage: Stage) => oracleOf(stage.side());
const depositOf = ({ network }: CourtRoom, name: string) => readBondDeposit(network.client, accountOf(name).address);
const noRoot = (text: string): Hex => keccak256(toHex(text));

const honest = (stage: Stage) => ({ name: "", how: "", end: "", stage, history: truthOf(stage) });

/** Knows nothing of the history that it named. */
const blind: Meddle = (side) => (side === "rival" ? "silent" : undefined);

/** What an account has in the court by now, less what it put there. */
async function gain(room: CourtRoom, name: string, run: () => Promise<bigint>): Promise<bigint> {
  const before = await depositOf(room, name);
  const put = await run();
  return (await depositOf(room, name)) - before - put;
}

type Attack = { readonly rival: Hex; readonly bond?: bigint; readonly sides: Sides; readonly meddle?: Meddle };

/** One rival named and played to its end by the griefer against an honest node. */
async function attack(room: CourtRoom, { lease, commitment }: About, { rival, bond, sides, meddle }: Attack) {
  const accusation = { call: "challenge", rival } as const;
  const sponsor = griefer;
  const { opened, costs } = await sponsored(room, { lease, commitment, accusation, sponsor, ...(bond && { bond }) });
  const made = await playToEnd(room, playersOf(room, opened, { lease, sponsor, ...sides }), meddle);
  assert.equal((await readGameView(room.network.client, opened.game)).outcome, "defender", "the honest node wins");
  return { costs: [...costs, ...made.map(({ cost }) => cost)], made };
}

const gasOf = (costs: readonly Cost[], side: Cost["side"]) => sumOf(costs.filter((cost) => cost.side === side));

/** An honest node's commitment under attack; it must stand as before, and its owner be richer. */
async function onHonestNode(
  room: CourtRoom,
  stage: Stage,
  run: (about: About) => Promise<{ costs: Cost[]; made: Made[]; put: bigint }>,
) {
  const about = await committed(room, honest(stage));
  const { client } = room.network;
  const before = await standing(room, about.lease);
  const owner = about.lease.owner;
  const ownerBefore = await depositOf(room, owner);
  const began = await chainTime(client);
  let ran: Awaited<ReturnType<typeof run>> | undefined;
  const lost = -(await gain(room, griefer, async () => {
    ran = await run(about);
    return ran.put;
  }));
  const { costs, made } = ran!;
  const frozenSeconds = Number((await chainTime(client)) - began);
  const victimGot = (await depositOf(room, owner)) - ownerBefore;
  assert.deepEqual(await standing(room, about.lease), before, "bond and stake are whole");
  const dispute = await readDispute(client, Segment.hash(about.commitment));
  assert.ok(!dispute.eliminated && dispute.rivals === 0, "the commitment stands");
  assert.equal((await readChannel(client, about.lease.leaseId)).frozenUntil, 0, "pay flows");
  assert.ok(lost > 0n && victimGot === lost / 2n, "half of what the attacker lost is the node's");
  return {
    ...{ attackerLost: lost, victimGot, victimLocked: 0n, frozenSeconds },
    ...{ attackerGas: gasOf(costs, "rival"), victimGas: gasOf(costs, "defender") },
    end: made.findLast(({ cost }) => cost.call !== "concludeGame")!.cost.call.replace("timeoutGame", "timeout"),
  };
}

async function wrongChallenger(room: CourtRoom, stage: Stage): Promise<Harm> {
  const lie = oracleOf(stage.side(cheats.reversedProducts((step) => step === 2, stage.open)));
  const harm = await onHonestNode(room, stage, async (about) => {
    const sides = { defender: truthOf(stage), rival: lie };
    const played = await attack(room, about, { rival: await historyOf(stage, lie), sides });
    return { ...played, put: ladderOf(room.network.client.params) };
  });
  return { name: "a challenger who is wrong", how: "plays another summation order to the last proof", ...harm };
}

const spammed = 4;

async function spam(room: CourtRoom, stage: Stage): Promise<Harm> {
  const ladder = ladderOf(room.network.client.params);
  const harm = await onHonestNode(room, stage, async (about) => {
    const { lease, commitment } = about;
    const sides = { defender: truthOf(stage), rival: truthOf(stage) };
    const bonds = Array.from({ length: spammed }, (_, i) => ladder << BigInt(i));
    const named: Awaited<ReturnType<typeof sponsored>>[] = [];
    for (const [i, bond] of bonds.entries()) {
      const accusation = { call: "challenge", rival: noRoot(`spam ${i}`) } as const;
      named.push(await sponsored(room, { lease, commitment, accusation, sponsor: griefer, bond }));
    }
    // The first one plays at once, then the highest bond.
    const made: Made[] = [];
    for (const { opened } of [named[0]!, ...named.slice(1).reverse()])
      made.push(...(await playToEnd(room, playersOf(room, opened, { lease, sponsor: griefer, ...sides }), blind)));
    const costs = [...named.flatMap((one) => one.costs), ...made.map(({ cost }) => cost)];
    return { costs, made, put: bonds.reduce((all, bond) => all + bond, 0n) };
  });
  return { name: "spam challenges", how: `${spammed} rivals whose histories nobody has`, ...harm };
}

/** Waits with each move until its clock is almost over. */
const slowly =
  ({ network }: CourtRoom): Meddle =>
  async (side, { turn }) => {
    if (side !== "rival" || turn.act !== "move") return undefined;
    await network.pass(turn.deadline - Number(await chainTime(network.client)));
    return undefined;
  };

async function lockUp(room: CourtRoom, stage: Stage): Promise<Harm> {
  const lie = oracleOf(stage.side(cheats.reversedProducts((step) => step === 2, stage.open)));
  const harm = await onHonestNode(room, stage, async (about) => {
    const sides = { defender: truthOf(stage), rival: lie };
    const rival = await historyOf(stage, lie);
    const played = await attack(room, about, { rival, sides, meddle: slowly(room) });
    return { ...played, put: ladderOf(room.network.client.params) };
  });
  const bound = Number(room.network.client.params.unbondDelaySeconds);
  assert.ok(harm.frozenSeconds > 4 * 3600 && harm.frozenSeconds < bound, `${harm.frozenSeconds} s`);
  return { name: "capital lock-up", how: "a false rival that uses its whole clock", ...harm };
}

// ---- around a false commitment -----------------------------------------------------------------------------------------

type Crowd = {
  readonly name: string;
  readonly how: string;
  readonly friends: readonly bigint[];
  /** What is done to the auditor's own game. */
  readonly meddle?: Meddle;
};

type Scene = About & { readonly stage: Stage; readonly history: TraceOracle; readonly costs: Cost[] };
type Rival = Awaited<ReturnType<typeof sponsored>>;

/** One rival, of the griefer against its friend the liar, or the auditor's. Whose side a cost is: the liar's are the attacker's. */
async function named(
  room: CourtRoom,
  scene: Scene,
  what: { sponsor: string; rival: Hex; bond: bigint },
): Promise<Rival> {
  const { lease, commitment, costs } = scene;
  const { sponsor, rival, bond } = what;
  const own = await sponsored(room, { lease, commitment, accusation: { call: "challenge", rival }, sponsor, bond });
  const side = sponsor === griefer ? "rival" : "defender";
  costs.push(...own.costs.map((cost): Cost => ({ ...cost, side })));
  return own;
}

async function playedOut(room: CourtRoom, scene: Scene, what: { rival: Rival; sponsor: string; meddle?: Meddle }) {
  const { lease, history, stage, costs } = scene;
  const { rival, sponsor, meddle } = what;
  const histories = { defender: history, rival: truthOf(stage) };
  const made = await playToEnd(room, playersOf(room, rival.opened, { lease, sponsor, ...histories }), meddle);
  const isAuditors = (cost: Cost) => sponsor === auditor && cost.side === "rival";
  costs.push(...made.map(({ cost }): Cost => ({ ...cost, side: isAuditors(cost) ? "defender" : "rival" })));
  return made;
}

/** What a node that was started without any limit bids, with the money that `weft node join` asks for. */
async function defaultBid({ network }: CourtRoom, { commitment }: About, rival: Hex): Promise<bigint> {
  const { client } = network;
  const { params } = client;
  const { nextBond: least, headBond: head } = await readDispute(client, Segment.hash(commitment));
  const action = decideJoin({
    ...{ now: 0n, committedAt: 0n, windowSeconds: 1n, begun: true, settled: false, leaving: false },
    ...{ dispute: undefined, rival, least, head, dearest: dearestBond(params) },
    purse: {
      ...{ locked: 0n, mostLocked: undefined, free: bondsWanted(params), rivals: 0, mostRivals: 16 },
      ahead: { bonds: 0n, rivals: 0 },
    },
  });
  assert.ok(action.act === "join", "no crowd keeps it out");
  return action.bond;
}

/** The liar's friends name rivals first. The first one loses, on purpose, then those with higher bonds than the auditor's. */
async function crowdAround(room: CourtRoom, stage: Stage, { name, how, friends, meddle }: Crowd): Promise<Harm> {
  const { client } = room.network;
  const history = oracleOf(stage.side(cheats.skipSteps((step) => step === 2)));
  const scene: Scene = { ...(await committed(room, { ...honest(stage), history })), stage, history, costs: [] };
  const accounts = [scene.lease.owner, griefer, auditor];
  const before = await Promise.all(accounts.map((one) => depositOf(room, one)));
  const began = await chainTime(client);

  const rivals: Rival[] = [];
  for (const [i, bond] of friends.entries())
    rivals.push(await named(room, scene, { sponsor: griefer, rival: noRoot(`friend ${i}`), bond }));
  const [first, ...rest] = rivals;
  const launder = (rival: Rival) => playedOut(room, scene, { rival, sponsor: griefer, meddle: blind });
  // A friend alone has lost before anybody else comes: its defeat must not have made the commitment final.
  if (first !== undefined && rest.length === 0) await launder(first);
  const truth = await historyOf(stage, truthOf(stage));
  const bond = await defaultBid(room, scene, truth);
  const own = await named(room, scene, { sponsor: auditor, rival: truth, bond });
  if (rest.length > 0) await launder(first!);
  const ahead = rest.filter((_, i) => friends[i + 1]! >= bond);
  for (const rival of ahead.reverse()) await launder(rival);
  const made = await playedOut(room, scene, { rival: own, sponsor: auditor, ...(meddle && { meddle }) });
  // Whoever still waits takes its bond back.
  for (const rival of rest.filter((one) => !ahead.includes(one)))
    await playedOut(room, scene, { rival, sponsor: griefer });

  const slashed = slashedIn(made.at(-1)!.result.receipt);
  assert.ok((await readDispute(client, Segment.hash(scene.commitment))).eliminated, "the lie is found all the same");
  const put = [0n, friends.reduce((all, one) => all + one, 0n), bond];
  const after = await Promise.all(accounts.map((one) => depositOf(room, one)));
  const [liars, griefers, auditors] = after.map((one, i) => one - before[i]! - put[i]!);
  assert.equal(auditors, 0n, "the honest challenger has its bond back");
  assert.ok(
    liars === -griefers! / 2n && (liars > 0n || friends.length === 0),
    "of what a friend loses half comes back to the liar",
  );
  assert.ok(slashed.toSponsor > 0n);
  return {
    ...{ name, how, attackerLost: -griefers! - liars + slashed.toSponsor + slashed.toBuyer },
    ...{ victimGot: slashed.toSponsor, victimLocked: bond, frozenSeconds: Number((await chainTime(client)) - began) },
    ...{ attackerGas: gasOf(scene.costs, "rival"), victimGas: gasOf(scene.costs, "defender") },
    end: "the lie is eliminated",
  };
}

export type Attacker = { readonly name: string; run(room: CourtRoom): Promise<Harm> };

export async function attackers(): Promise<Attacker[]> {
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }));
  const friend = {
    name: "self-challenge laundering",
    how: "a friend loses a challenge on purpose, then the honest one comes",
  };
  const crowd = { name: "a crowd before the honest challenger", how: "two friends with their bonds were there first" };
  const long = { name: "a crowd for every place", how: "twelve friends pay the dearest price of a place" };
  const rich = { name: "a crowd that bids more", how: "of six friends three lose more than the honest one locks" };
  const censored = {
    name: "a censoring sequencer",
    how: "each move of the honest one in the last second of its clock",
  };
  const around = ({ name, how }: Omit<Crowd, "friends">, ladders: readonly bigint[]): Attacker => ({
    name,
    run(room) {
      const ladder = ladderOf(room.network.client.params);
      return crowdAround(room, stage, { name, how, friends: ladders.map((count) => count * ladder) });
    },
  });
  return [
    { name: "spam challenges", run: (room) => spam(room, stage) },
    { name: "a challenger who is wrong", run: (room) => wrongChallenger(room, stage) },
    { name: "capital lock-up", run: (room) => lockUp(room, stage) },
    around(friend, [1n]),
    around(crowd, [1n, 2n]),
    around(long, [1n, 2n, 4n, ...Array.from({ length: 9 }, () => 8n)]),
    {
      name: censored.name,
      run: (room) => crowdAround(room, stage, { ...censored, friends: [], meddle: slowly(room) }),
    },
    around(rich, [1n, 2n, 4n, 17n, 18n, 19n]),
  ];
}
