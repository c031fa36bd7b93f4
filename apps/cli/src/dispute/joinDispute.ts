// `weft dispute join LEASE SEGMENT`: the segment is replayed here; where the replay differs from what its node committed to, or its lease
// begins in a state of the node's own choice, the buyer says so in court, with a bond from its wallet, and plays to the end. Called again
// it goes on with the same game.
import { accuse, rivalOf } from "@weft/chain/actions/accuse";
import { depositBond } from "@weft/chain/actions/depositBond";
import { payAndCall } from "@weft/chain/actions/payAndCall";
import { withdrawBond } from "@weft/chain/actions/withdrawBond";
import type { ChainClient } from "@weft/chain/ChainClient";
import { readBondDeposit, readChallenges, readDispute } from "@weft/chain/courtReads";
import { gameId } from "@weft/chain/gameId";
import { type Intent, memoryStore } from "@weft/chain/Intent";
import type { AccountSigner } from "@weft/chain/Keys";
import { readCommitment, readRecord } from "@weft/chain/readCommitment";
import { chainTime } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import { openDispute } from "@weft/compute/tensor/openDispute";
import { readLeaseNode } from "@weft/court/readDisputes";
import { readShownStart } from "@weft/court/shownStart";
import { startsWhere } from "@weft/node/court/findAccusation";
import { orderOrigin } from "@weft/node/leases/origins";
import { WeftError } from "@weft/protocol/Errors";
import * as Segment from "@weft/protocol/Segment";
import { outlineProgram } from "@weft/tensor/train/Program";
import { foregroundClock } from "@weft/transport/Clock";
import { type Accusation, accusationOf, courtOpening } from "@weft/verification/court/grounds";
import type { CourtStruct } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import type { Hex } from "viem";
import { type Context, gatewayOf } from "../Context.ts";
import { amountOf } from "../render/figures.ts";
import { topUp } from "../start/faucet.ts";
import { onInterrupt } from "../start/interrupts.ts";
import { buyerKey } from "../start/keys.ts";
import { openCourt, playing } from "./court.ts";
import { fetchMaterials, type Materials } from "./materials.ts";
import { playToEnd } from "./playToEnd.ts";

export interface JoinCall {
  leaseId: Hex;
  segment: bigint;
  /** Stablecoin units that the bond may have at most. */
  maxBond: bigint;
}

interface Joining extends JoinCall {
  client: ChainClient;
  signer: AccountSigner;
  /** Lower case. */
  sponsor: Hex;
  sender: Sender;
  fromBlock: bigint;
  commitment: Segment.SegmentCommitment;
  first: Segment.SegmentCommitment;
  /** End of the challenge window, Unix seconds. */
  until: bigint;
}

const dateOf = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString();

/** Until when the segment can be challenged, Unix seconds. @throws WeftError `dispute.segment` when the lease has no such segment */
async function openUntil(client: ChainClient, { leaseId, segment }: JoinCall): Promise<bigint> {
  const [, committedAt] = await readRecord(client, { leaseId, segment });
  if (committedAt === 0)
    throw new WeftError(`no commitment to segment ${segment} of lease ${leaseId} is on the chain`, {
      code: "dispute.segment",
      remedy: "`weft leases` shows how many segments a lease has; one that was taken back can't be challenged",
    });
  return BigInt(committedAt) + client.params.challengeWindowSeconds;
}

/** Exit code: 0 when the segment was found false, 1 when the dispute was lost. */
export async function joinDispute(context: Context, call: JoinCall): Promise<number> {
  const { client, fromBlock } = playing(context, await openCourt(context));
  const { signer } = await buyerKey(context.home);
  const { leaseId, segment } = call;
  const [until, now] = await Promise.all([openUntil(client, call), chainTime(client)]);
  if (now > until)
    context.say(
      `nobody can challenge this segment any more, since ${dateOf(until)}: a replay can only tell you what it was`,
    );
  const commitment = await readCommitment(client, { leaseId, segment, fromBlock });
  const first = segment === 0n ? commitment : await readCommitment(client, { leaseId, segment: 0n, fromBlock });
  const sender = new Sender(client, { signer, store: memoryStore(), clock: foregroundClock });
  const sponsor = signer.address.toLowerCase() as Hex;
  const joining: Joining = { ...call, client, signer, sponsor, sender, fromBlock, commitment, first, until };
  try {
    const materials = await fetchMaterials({ home: context.home, client: gatewayOf(context), leaseId, commitment });
    const found = await look(context, joining, materials);
    try {
      return await accuseAndPlay(context, joining, { materials, ...found });
    } finally {
      await found.close();
    }
  } finally {
    sender.close();
  }
}

interface Found {
  accusation: Accusation;
  program: CourtStruct;
  oracle: TraceOracle;
  close(): Promise<void>;
}

/** What can be said against the segment. @throws WeftError `dispute.nothing`; of the gateway, the chain, the replay */
async function look(context: Context, joining: Joining, materials: Materials): Promise<Found> {
  const { client, commitment, first, leaseId, segment, fromBlock } = joining;
  const origin = await orderOrigin(materials.terms);
  const isOrders = first.firstStep === origin.step && first.startRoot === origin.stateRoot;
  const begunRightly = isOrders || (await readShownStart(client, { leaseId, first, fromBlock })) !== undefined;
  context.say(
    begunRightly
      ? `replaying segment ${segment} of lease ${leaseId} …`
      : `lease ${leaseId} begins in a state that neither the order nor an earlier lease of it ends in`,
  );
  const replay = openDispute(await (begunRightly ? materials.replay() : materials.program()));
  const { oracle, close } = replay;
  try {
    const program = await replay.program();
    if (begunRightly && !(await startsWhere({ program, oracle }, commitment)))
      throw agrees("the segment does not begin in the state that this gateway holds: there is nothing to show a court");
    const shapes = outlineProgram(materials.terms.program).step.state.map(({ shape }) => shape);
    const accusation = await accusationOf(commitment, { program, begunRightly, oracle, shapes });
    if (accusation === undefined)
      throw agrees(`the replay agrees with the node: segment ${segment} is what was ordered`);
    return { accusation, program, oracle, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function accuseAndPlay(
  context: Context,
  joining: Joining,
  { materials, accusation, program, oracle }: Found & { materials: Materials },
): Promise<number> {
  const { client, commitment, sponsor } = joining;
  const rival = rivalOf(accusation);
  const hash = Segment.hash(commitment);
  const game = rival && gameId(client.network, { commitment: hash, sponsor, rival });
  context.say(saidText(accusation));
  const named = game && (await readChallenges(client, { game, fromBlock: joining.fromBlock }))[0];
  if (named === undefined && (await chainTime(client)) > joining.until)
    throw new WeftError(`the segment is false, and nobody can challenge it any more, since ${dateOf(joining.until)}`, {
      code: "dispute.late",
      remedy:
        "what is paid stays paid; later segments of the lease may still be open, and an audit may have drawn this one",
    });
  if (named === undefined) await nameRival(context, joining, { accusation, materials, program });
  const end = { leaseId: joining.leaseId, segment: Number(joining.segment), call: accusation.call };
  if (rival === undefined || game === undefined) return concluded(context, { won: true, game: null, ...end });
  const nodeId = await readLeaseNode(client, joining.leaseId);
  const interrupts = onInterrupt(() => {});
  try {
    const won = await playToEnd(context, {
      table: { client, send: (intent) => joining.sender.send(intent) },
      seat: {
        ...{ side: "rival", game, commitment, sponsor, rival, nodeId, fromBlock: joining.fromBlock },
        history: async () => ({ program, oracle }),
      },
      pollMs: Math.max(100, client.profile.blockSeconds * 1000),
      signal: interrupts.signal,
    });
    await takeBack(context, joining);
    return concluded(context, { won, game, ...end });
  } finally {
    interrupts.release();
  }
}

function saidText(accusation: Accusation): string {
  const { call } = accusation;
  if (call === "challenge") return `the replay differs: challenge, rival history ${accusation.rival}`;
  return call === "challengeStart"
    ? "its start is false: challengeStart; the node has to show what it went on from"
    : `it is false by what it says itself: ${call}`;
}

/** The accusation, with its bond as far as it isn't in the court. */
async function nameRival(
  context: Context,
  joining: Joining,
  about: { accusation: Accusation; materials: Materials; program: Parameters<typeof courtOpening>[2] },
): Promise<void> {
  const { client, commitment, first, sponsor, sender, signer, maxBond } = joining;
  const { accusation, materials, program } = about;
  const field = materials.details.find(({ field: name }) => name === "court");
  if (field === undefined) throw agrees("the order names no court program: no court hears of it");
  const { nextBond } = await readDispute(client, Segment.hash(commitment));
  const bond = rivalOf(accusation) === undefined ? 0n : nextBond;
  if (bond > maxBond)
    throw new WeftError(`the bond is ${amountOf(bond)}, the most allowed ${amountOf(maxBond)}`, {
      code: "dispute.bond",
      remedy: `allow it with --max-bond ${amountOf(bond)}; a wrong challenge loses part or all of it`,
    });
  const missing = bond - (await readBondDeposit(client, signer.address));
  let payment: Intent | undefined;
  if (missing > 0n) {
    await topUp(client, [{ who: "the challenger", address: signer.address, stable: missing }]);
    const id = `${await chainTime(client)}`;
    payment = await depositBond(client, { account: signer.address, from: signer, amount: missing, id });
  }
  const opening = courtOpening(materials.order, field, program);
  const accusing = accuse(client, { commitment, first, opening, accusation, bond, sponsor });
  const { gasUsed } = await sender.send(payment === undefined ? accusing : payAndCall(payment, accusing));
  context.say(`named in court with a bond of ${amountOf(bond)}; gas ${gasUsed}`);
}

async function takeBack(context: Context, { client, signer, sender }: Joining): Promise<void> {
  const amount = await readBondDeposit(client, signer.address);
  if (amount === 0n) return;
  await sender.send(withdrawBond(client, { amount, to: signer.address, id: `${await chainTime(client)}` }));
  context.say(`${amountOf(amount)} of bonds are back in the wallet`);
}

interface End {
  won: boolean;
  /** Null where it was proven at once. */
  game: Hex | null;
  leaseId: Hex;
  segment: number;
  call: string;
}

function concluded(context: Context, end: End): number {
  context.emit({ kind: "summary", ok: end.won, ...end });
  return end.won ? 0 : 1;
}

const agrees = (message: string): WeftError =>
  new WeftError(message, { code: "dispute.nothing", remedy: "a challenge now would lose its bond; nothing was sent" });
