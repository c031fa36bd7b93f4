// For tests, galleries and benches: a lease that pinned the court on a real chain, segment commitments of any history under it,
// and rivals named against them. The chain's clock stands still between steps, so that no clock runs out by itself.
import { accuse, rivalOf } from "@weft/chain/actions/accuse";
import { closeLease } from "@weft/chain/actions/closeLease";
import { commitSegment } from "@weft/chain/actions/commitSegment";
import { deposit } from "@weft/chain/actions/deposit";
import { depositBond } from "@weft/chain/actions/depositBond";
import { openLease } from "@weft/chain/actions/openLease";
import { payAndCall } from "@weft/chain/actions/payAndCall";
import { startLease } from "@weft/chain/actions/startLease";
import { accountOf } from "@weft/chain/chainFixture";
import { readDispute } from "@weft/chain/courtReads";
import { gameId } from "@weft/chain/gameId";
import { fund, type NetworkFixture, provider, signedOffer, signedOrder } from "@weft/chain/networkFixture";
import { chainTime, readBeaconClock, roundAt } from "@weft/chain/reads";
import { signNoun } from "@weft/protocol/Domain";
import { zeroHash } from "@weft/protocol/fields";
import * as JobDetails from "@weft/protocol/JobDetails";
import type { Opening } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import * as Segment from "@weft/protocol/Segment";
import { type Accusation, type CourtOpening, courtOpening } from "@weft/verification/court/grounds";
import type { CourtStruct } from "@weft/verification/court/Move";
import { rootOf } from "@weft/verification/court/ownTrees";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import { courtStructHash } from "@weft/verification/court/turns";
import { type Hex, keccak256, stringToHex, toHex } from "viem";
import { ladderOf } from "./gameRules.ts";
import type { DisputeSeat } from "./playDispute.ts";
import type { Player } from "./playOut.ts";

const courtId = stringToHex("exact/1", { size: 32 });

export interface CourtLease {
  leaseId: Hex;
  nodeId: Hex;
  orderHash: Hex;
  offerHash: Hex;
  /** As the buyer signed it. */
  order: Order.SignedOrder;
  fill: number;
  opening: CourtOpening;
  /** Of all fields of the details. */
  openings: Opening[];
  program: CourtStruct;
  /** Names of accounts: the owner, whose operator is `NAME operator`, and the buyer. */
  owner: string;
  buyer: string;
}

/** A running lease whose order names that court program. Owner and buyer are registered and funded when they are new. */
export async function courtLease(
  network: NetworkFixture,
  options: {
    program: CourtStruct;
    owner?: string;
    buyer?: string;
    nonce?: bigint;
    isNew?: boolean;
    /** What else the order's details say. */
    fields?: JobDetails.Details;
  },
): Promise<CourtLease> {
  const { program, owner = "liar", buyer = "buyer", nonce = 1n, isNew = true, fields } = options;
  const { client } = network;
  if (isNew) {
    await fund(network, [owner, `${owner} operator`, buyer]);
    await provider(network, owner);
    const account = accountOf(buyer);
    await network.senderOf(account).send(await deposit(client, { owner: account, amount: 50_000_000n, id: "court" }));
  }
  const salts = JobDetails.saltsOf(keccak256(toHex("details")));
  const details: JobDetails.Details = { ...fields, kind: "train-lm", start: null, court: courtStructHash(program) };
  const jobCommitment = JobDetails.commit(details, salts);
  const offer = await signedOffer(network, owner, { seq: nonce });
  const order = await signedOrder(network, buyer, { courtId, jobCommitment, nonce, units: 1n });
  const orderHash = Order.hash(order.order);
  const offerHash = Offer.hash(offer.offer);
  const leaseId = Order.leaseId(orderHash, offerHash, 0);
  await network.senderOf(accountOf(buyer)).send(openLease(client, { offer, order }));
  await network.senderOf(accountOf(`${owner} operator`)).send(startLease(client, { leaseId }));
  const opening = courtOpening(order.order, JobDetails.open(details, salts, "court"), program);
  const { nodeId } = offer.offer;
  const named = JobDetails.fieldNames.filter((field) => details[field] !== undefined);
  const openings = named.map((field) => JobDetails.open(details, salts, field));
  const signed = { order, fill: 0, opening, openings };
  return { ...{ leaseId, nodeId, orderHash, offerHash, program, owner, buyer }, ...signed };
}

/** The next fill of the same order, by another node, which is registered: the buyer says that the one before fell silent. */
export async function refilled(network: NetworkFixture, lease: CourtLease, owner: string): Promise<CourtLease> {
  const { client } = network;
  const { order, buyer, orderHash, offerHash: previousOfferHash } = lease;
  await fund(network, [owner, `${owner} operator`]);
  await provider(network, owner);
  const offer = await signedOffer(network, owner, { seq: 1n });
  const asBuyer = network.senderOf(accountOf(buyer));
  await asBuyer.send(closeLease(client, { leaseId: lease.leaseId, reason: "providerSilent" }));
  const fill = lease.fill + 1;
  await asBuyer.send(openLease(client, { offer, order, fill, previousOfferHash }));
  const offerHash = Offer.hash(offer.offer);
  const leaseId = Order.leaseId(orderHash, offerHash, fill);
  await network.senderOf(accountOf(`${owner} operator`)).send(startLease(client, { leaseId }));
  return { ...lease, ...{ leaseId, offerHash, fill, owner, nodeId: offer.offer.nodeId } };
}

/** What a history of a whole segment says of itself. */
export async function commitmentOf(
  { leaseId, orderHash, program }: Pick<CourtLease, "leaseId" | "orderHash" | "program">,
  segment: { oracle: TraceOracle; number?: bigint; firstStep: bigint; lastStep: bigint; startRoot: Hex },
): Promise<Omit<Segment.SegmentCommitment, "beaconRound" | "meteredSeconds">> {
  const { oracle, firstStep, lastStep, startRoot, number = 0n } = segment;
  const historyRoot = await rootOf(oracle, { of: "steps" }, Number(lastStep - firstStep) + 1);
  const { state: endRoot } = await oracle.after(Number(lastStep));
  return {
    ...{ leaseId, segment: number, firstStep, lastStep, orderHash, startRoot, endRoot, historyRoot },
    ...{ program: program.programHash, dataRoot: program.dataRoot, checkpoint: keccak256(endRoot), tokens: 1n },
  };
}

/** Signs and records it, and passes time until its beacon round has begun: from then on it can be challenged. */
export async function commit(
  network: NetworkFixture,
  lease: CourtLease,
  said: Omit<Segment.SegmentCommitment, "beaconRound" | "meteredSeconds">,
): Promise<Segment.SegmentCommitment> {
  const { client } = network;
  const operator = accountOf(`${lease.owner} operator`);
  // A lease pays for no more seconds than have passed.
  await network.pass(2);
  const clock = await readBeaconClock(client);
  const beaconRound = roundAt(clock, await chainTime(client)) + 2n;
  const commitment = { ...said, meteredSeconds: 1n, beaconRound };
  const signature = await signNoun(network.file, Segment.schema, commitment, operator);
  const intent = commitSegment(client, { segment: { commitment, signature }, offerHash: lease.offerHash });
  await network.senderOf(operator).send(intent);
  await network.pass(Number(2n * clock.roundSeconds));
  return commitment;
}

/** Money in the court for the account, which needs the fixture's funds. */
export async function bonded(network: NetworkFixture, name: string, amount: bigint): Promise<void> {
  const from = accountOf(name);
  const intent = await depositBond(network.client, { account: from.address, from, amount, id: `${amount}` });
  await network.senderOf(from).send(intent);
}

export interface Challenge {
  lease: CourtLease;
  commitment: Segment.SegmentCommitment;
  first?: Segment.SegmentCommitment;
  accusation: Accusation;
  /** Name of the account that sends it; it has the bond in the court, unless it brings it along. */
  sponsor: string;
  brings?: boolean;
  /** The least that the court takes by default. */
  bond?: bigint;
}

/** Sends an accusation; with what both sides of the game that it opens need, but for their histories. */
export async function challenged(network: NetworkFixture, what: Challenge) {
  const { client } = network;
  const { lease, commitment, accusation, first = commitment } = what;
  const account = accountOf(what.sponsor);
  const sponsor = account.address.toLowerCase() as Hex;
  const hash = Segment.hash(commitment);
  const bond = what.bond ?? (await readDispute(client, hash)).nextBond ?? ladderOf(client.params);
  const accusing = accuse(client, { commitment, first, opening: lease.opening, accusation, bond, sponsor });
  const payment = { account: account.address, from: account, amount: bond, id: accusing.key };
  const intent = what.brings ? payAndCall(await depositBond(client, payment), accusing) : accusing;
  const result = await network.senderOf(account).send(intent);
  const rival = rivalOf(accusation) ?? zeroHash;
  const game = gameId(client.network, { commitment: hash, sponsor, rival });
  return {
    ...{ game, commitment, sponsor, rival, nodeId: lease.nodeId },
    intent,
    result,
    fromBlock: result.blockNumber,
  };
}

/** A side that sends with its own key: the node's operator, or the sponsor. */
export function playerOf(
  network: NetworkFixture,
  dispute: Omit<DisputeSeat, "side" | "history" | "shown">,
  own: { side: DisputeSeat["side"]; account: string; program: CourtStruct; oracle: TraceOracle },
): Player {
  const { side, account, program, oracle } = own;
  const sender = network.senderOf(accountOf(account));
  return {
    table: { client: network.client, send: (intent) => sender.send(intent) },
    seat: { ...dispute, side, history: async () => ({ program, oracle }) },
  };
}
