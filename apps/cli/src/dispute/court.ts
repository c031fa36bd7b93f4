// The court of this home's network as the dispute commands see it: a chain that is the right one, and answers soon or is said not to.
import type { ChainClient } from "@weft/chain/ChainClient";
import { readChallenges } from "@weft/chain/courtReads";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { chainError } from "@weft/chain/Reverts";
import { type DisputesRead, openDisputes } from "@weft/court/readDisputes";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";
import type { Context } from "../Context.ts";
import { requireHome } from "../Home.ts";
import { readNetwork } from "../start/network.ts";

export interface Court {
  client: ChainClient;
  /** Of the deployment. */
  fromBlock: bigint;
  pollMs: number;
}

/** With its repetitions a request that nobody answers takes three times this. */
const requestTimeoutMs = 2500;
/** A chain that refuses at once is asked again this long, for it may just be starting. */
const soonMs = 2000;
/** One that was there before is waited for, while a dispute is followed. */
const outageMs = 60_000;

/** @throws WeftError `network.none`, `network.malformed`, `network.wrongChain`, `chain.unreachable` */
export async function openCourt({ home }: Context): Promise<Court> {
  requireHome(home);
  const file = readNetwork(home);
  const client = NetworkFile.clientOf(file, { requestTimeoutMs });
  const court = { client, fromBlock: file.fromBlock, pollMs: Math.max(100, file.profile.blockSeconds * 1000) };
  await answered(court, () => NetworkFile.verify(client, file));
  return court;
}

/** The same chain for whoever plays: a request may take as long as a service's. */
export const playing = ({ home }: Context, court: Court): Court => ({
  ...court,
  client: NetworkFile.clientOf(readNetwork(home)),
});

/** What the chain says, at once or in a moment. @throws WeftError `chain.unreachable`, what `ask` throws */
export async function answered<T>({ client, pollMs }: Court, ask: () => Promise<T>, patienceMs = soonMs): Promise<T> {
  const started = performance.now();
  for (;;)
    try {
      return await ask();
    } catch (error) {
      const known = chainError(error, { kind: "read" });
      if (!isAway(known)) throw known;
      if (performance.now() - started > patienceMs) throw unreachable(client, known);
      await new Promise((wake) => setTimeout(wake, pollMs));
    }
}

const isAway = (error: WeftError): boolean => hasCode(error, "chain.moved") || hasCode(error, "chain.unreachable");

const unreachable = ({ rpcUrl }: ChainClient, cause: WeftError) =>
  new WeftError(`the chain at ${rpcUrl} does not answer`, {
    code: "chain.unreachable",
    fault: "network",
    retryable: true,
    details: { ...cause.details },
    remedy: "start the network with `npm start`, or correct rpcUrl in this home's network.json",
    cause,
  });

/** Reads on and on: at first what there is must come soon, later an outage is sat out. */
export function reader(court: Court, { fromBlock }: { fromBlock: bigint }): () => Promise<DisputesRead> {
  const disputes = openDisputes(court.client, { fromBlock });
  let hasRead = false;
  return async () => {
    const read = await answered(court, () => disputes.read(), hasRead ? outageMs : soonMs);
    hasRead = true;
    return read;
  };
}

const wholeGame = /^0x[0-9a-f]{40}$/i;

/** The block to read from for what a person named: a whole game's own where the court knows it. */
export async function startOf(court: Court, named: string): Promise<bigint> {
  if (!wholeGame.test(named)) return court.fromBlock;
  const query = { game: named.toLowerCase() as Hex, fromBlock: court.fromBlock };
  const [found] = await answered(court, () => readChallenges(court.client, query));
  return found?.block ?? court.fromBlock;
}
