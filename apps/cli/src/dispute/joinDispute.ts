// `weft dispute join LEASE SEGMENT`: the segment is replayed here; where the replay differs from what its node committed to, the buyer
// names its rival in court, with a bond from its wallet, and plays to the end. Called again it goes on with the same game.
import { accuse, rivalOf } from "@weft/chain/actions/accuse";
import { depositBond } from "@weft/chain/actions/depositBond";
import { payAndCall } from "@weft/chain/actions/payAndCall";
import { withdrawBond } from "@weft/chain/actions/withdrawBond";
import type { ChainClient } from "@weft/chain/ChainClient";
import { readBondDeposit, readChallenges, readDispute } from "@weft/chain/courtReads";
import { gameId } from "@weft/chain/gameId";
import { type Intent, memoryStore } from "@weft/chain/Intent";
import type { AccountSigner } from "@weft/chain/Keys";
import { readCommitment } from "@weft/chain/readCommitment";
import { chainTime } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import { type Dispute, openDispute } from "@weft/compute/tensor/openDispute";
import { readLeaseNode } from "@weft/court/readDisputes";
import { startsWhere } from "@weft/node/court/findAccusation";
import { WeftError } from "@weft/protocol/Errors";
import * as Segment from "@weft/protocol/Segment";
import { outlineProgram } from "@weft/tensor/train/Program";
import { foregroundClock } from "@weft/transport/Clock";
import { type Accusation, accusationOf, courtOpening } from "@weft/verification/court/grounds";
import type { Hex } from "viem";
import { type Context, gatewayOf } from "../Context.ts";
import { openWallet } from "../commands/openWallet.ts";
import { amountOf } from "../render/figures.ts";
import { topUp } from "../start/faucet.ts";
import { onInterrupt } from "../start/interrupts.ts";
import { readNetwork } from "../start/network.ts";
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
}

/** Exit code: 0 when the segment was found false, 1 when the dispute was lost. */
export async function joinDispute(context: Context, call: JoinCall): Promise<number> {
  const { client, buyer } = await openWallet(context);
  const { fromBlock } = readNetwork(context.home);
  const { leaseId, segment } = call;
  const commitment = await readCommitment(client, { leaseId, segment, fromBlock });
  const first = segment === 0n ? commitment : await readCommitment(client, { leaseId, segment: 0n, fromBlock });
  const { signer } = buyer;
  const sender = new Sender(client, { signer, store: memoryStore(), clock: foregroundClock });
  const sponsor = signer.address.toLowerCase() as Hex;
  const joining: Joining = { ...call, client, signer, sponsor, sender, fromBlock, commitment, first };
  context.say(`replaying segment ${segment} of lease ${leaseId} …`);
  const materials = await fetchMaterials({ home: context.home, client: gatewayOf(context), leaseId, commitment });
  const replay = openDispute(materials.options);
  try {
    return await accuseAndPlay(context, joining, { materials, replay });
  } finally {
    await replay.close();
    sender.close();
  }
}

async function accuseAndPlay(
  context: Context,
  joining: Joining,
  { materials, replay }: { materials: Materials; replay: Dispute },
): Promise<number> {
  const { client, commitment, first, sponsor } = joining;
  const program = await replay.program();
  const { oracle } = replay;
  if (!(await startsWhere({ program, oracle }, commitment)))
    throw agrees("the segment does not begin in the state that this gateway holds: there is nothing to show a court");
  // Which later fills begin rightly is for nodes to say; here only the order's own start is judged.
  const begunRightly = first.firstStep !== program.startStep || first.startRoot === program.startRoot;
  const shapes = outlineProgram(materials.terms.program).step.state.map(({ shape }) => shape);
  const accusation = await accusationOf(commitment, { program, begunRightly, oracle, shapes });
  if (accusation === undefined)
    throw agrees(`the replay agrees with the node: segment ${commitment.segment} is what was ordered`);
  const rival = rivalOf(accusation);
  const hash = Segment.hash(commitment);
  const game = rival && gameId(client.network, { commitment: hash, sponsor, rival });
  context.say(`the replay differs: ${accusation.call}${rival === undefined ? "" : `, rival history ${rival}`}`);
  const named = game && (await readChallenges(client, { game, fromBlock: joining.fromBlock }))[0];
  if (named === undefined) await nameRival(context, joining, { accusation, materials, program });
  if (rival === undefined || game === undefined) return concluded(context, { won: true, game: undefined });
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
    return concluded(context, { won, game });
  } finally {
    interrupts.release();
  }
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

function concluded(context: Context, end: { won: boolean; game: Hex | undefined }): number {
  context.emit({ kind: "summary", ok: end.won, ...end });
  return end.won ? 0 : 1;
}

const agrees = (message: string): WeftError =>
  new WeftError(message, { code: "dispute.nothing", remedy: "a challenge now would lose its bond; nothing was sent" });
