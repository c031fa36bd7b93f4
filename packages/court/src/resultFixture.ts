// For tests and benches: a node that answers requests, an epoch of its answers on a real chain, and the whole game over one of
// them. The chain's clock should stand still, so that no clock of the game runs out by itself.
import { abis } from "@weft/chain/Abis";
import { challengeResult } from "@weft/chain/actions/challengeResult";
import { commitEpoch } from "@weft/chain/actions/commitEpoch";
import { concludeResult } from "@weft/chain/actions/concludeResult";
import { depositBond } from "@weft/chain/actions/depositBond";
import { accountOf } from "@weft/chain/chainFixture";
import type { IntentResult } from "@weft/chain/Intent";
import { fund, type NetworkFixture, provider } from "@weft/chain/networkFixture";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Request } from "@weft/protocol/Request";
import { type CommittedInference, commitInference } from "@weft/tensor/commit/commitInference";
import type { InferenceModel } from "@weft/tensor/commit/InferenceModel";
import { type InferenceCourt, openInferenceCourt, startRootOf } from "@weft/tensor/commit/inferenceCourt";
import { inferenceTrees } from "@weft/tensor/commit/inferenceTrees";
import type { Side } from "@weft/verification/court/Game";
import { courtStruct } from "@weft/verification/court/Move";
import { oracleOf } from "@weft/verification/court/TraceOracle";
import { answerOf, openingOf, rivalOf, type SealedEpoch } from "@weft/verification/epoch";
import { bytesToHex, type Hex } from "viem";
import { ladderOf } from "./gameRules.ts";
import { type GameSeat, playTurn } from "./playTurn.ts";

/** Names of accounts: a node's owner, whose operator is `NAME operator`, a buyer, and whoever challenges. */
export const names = { owner: "server", operator: "server operator", buyer: "buyer", sponsor: "checker" } as const;

const deposit = 100_000_000n;

/** Registers the node; owner, sponsor and buyer have money in the court of epochs. */
export async function epochNode(network: NetworkFixture): Promise<NodeId> {
  await fund(network, Object.values(names));
  const nodeId = (await provider(network, names.owner)) as NodeId;
  for (const name of [names.owner, names.sponsor, names.buyer])
    await bonded(network, name, { amount: deposit, id: "first" });
  return nodeId;
}

/** Money in the court of epochs for an account. */
export async function bonded(
  network: NetworkFixture,
  name: string,
  { amount, id }: { amount: bigint; id: string },
): Promise<IntentResult> {
  const from = accountOf(name);
  const options = { account: from.address, from, amount, id, court: "epochs" } as const;
  return network.senderOf(from).send(await depositBond(network.client, options));
}

/** A model as the node serves it: its court program, and requests for runs of it. */
export interface Served {
  model: InferenceModel;
  court: InferenceCourt;
  nodeId: NodeId;
}

export const served = (model: InferenceModel, nodeId: NodeId): Served => ({
  ...{ model, nodeId, court: openInferenceCourt(model) },
});

/** What a buyer signs for a run of these inputs; it knows the weights' roots. */
export function requestOf({ model, court, nodeId }: Served, options: Parameters<typeof commitInference>[1]): Request {
  const run = commitInference(model, { inputs: options.inputs });
  return {
    ...{ buyer: accountOf(names.buyer).address, nodeId, program: bytesToHex(court.hash) },
    startRoot: bytesToHex(startRootOf(run)),
    ...{ price: 10_000n, nonce: BigInt(options.number ?? 0), deadline: 2n ** 40n },
  };
}

/** The node's operator records it. */
export function committed(network: NetworkFixture, epoch: SealedEpoch, bond: bigint): Promise<IntentResult> {
  const intent = commitEpoch(network.client, epoch.commitment, bond);
  return network.senderOf(accountOf(names.operator)).send(intent);
}

export interface ResultGame {
  epoch: SealedEpoch;
  index: number;
  court: InferenceCourt;
  /** What each side ran. */
  runs: Readonly<Record<Side, CommittedInference>>;
}

export interface ResultStep {
  side: Side;
  result: IntentResult;
}

const mostSteps = 96;

/** A rival that was named: what both sides play by. */
export interface OpenResultGame {
  opened: ResultStep;
  seats: Readonly<Record<Side, GameSeat>>;
  /** Has the court take note of the end. */
  conclude(): Promise<IntentResult>;
}

/** The sponsor challenges with what its side ran. */
export async function challenged(network: NetworkFixture, game: ResultGame): Promise<OpenResultGame> {
  const { client } = network;
  const { epoch, index, court, runs } = game;
  const account = accountOf(names.sponsor);
  const sender = network.senderOf(account);
  const sponsor = account.address;
  const program = courtStruct(court.program);
  const answer = answerOf(runs.rival);
  const result = epoch.open(index);
  const pair = { commitment: epoch.commitment, sponsor, rival: rivalOf(index, answer) };
  const bond = ladderOf(client.params);
  const opened = await sender.send(challengeResult(client, { ...pair, result, program, answer, bond }));
  const id = await gameIdOf(network, { epoch: epoch.hash, sponsor, rival: pair.rival });
  const opening = openingOf(result, { programHash: program.programHash, answer, sponsor });
  const seatOf = (side: Side): GameSeat => ({
    ...{ id, opening, program, fromBlock: opened.blockNumber, side },
    oracle: oracleOf(inferenceTrees(runs[side], court)),
  });
  return {
    opened: { side: "rival", result: opened },
    seats: { defender: seatOf("defender"), rival: seatOf("rival") },
    conclude: () => sender.send(concludeResult(client, pair)),
  };
}

/** Transactions of both sides until neither has one. */
export async function playSeats(network: NetworkFixture, { seats }: OpenResultGame): Promise<ResultStep[]> {
  const { client } = network;
  const senders = {
    defender: network.senderOf(accountOf(names.operator)),
    rival: network.senderOf(accountOf(names.sponsor)),
  };
  const steps: ResultStep[] = [];
  for (let idle = 0; idle < 2 && steps.length < mostSteps; )
    for (const side of ["defender", "rival"] as const) {
      const { result } = await playTurn({ client, send: (intent) => senders[side].send(intent) }, seats[side]);
      idle = result === undefined ? idle + 1 : 0;
      if (result !== undefined) steps.push({ side, result });
    }
  return steps;
}

/** A game that its rival wins, from the challenge to the court's note of it, which the rival sends. */
export async function playResult(network: NetworkFixture, game: ResultGame): Promise<ResultStep[]> {
  const open = await challenged(network, game);
  const moves = await playSeats(network, open);
  return [open.opened, ...moves, { side: "rival", result: await open.conclude() }];
}

async function gameIdOf(
  { client }: NetworkFixture,
  { epoch, sponsor, rival }: { epoch: Hex; sponsor: Hex; rival: Hex },
): Promise<Hex> {
  return client.rpc.readContract({
    ...{ address: client.network.contracts.epochs, abi: abis.epochs },
    ...{ functionName: "gameOf", args: [epoch, sponsor, rival] },
  });
}
