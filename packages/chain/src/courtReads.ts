// What is asked of the court and its games at the chain's head, and the log of one game in order. Disputes by commitment are in
// the snapshot as well, for whoever follows the chain.
import { WeftError } from "@weft/protocol/Errors";
import type { GameEvent } from "@weft/verification/court/followGame";
import { levels, type Outcome, type Place, stages } from "@weft/verification/court/Game";
import { type Address, decodeEventLog, type Hex, numberToHex, type RpcLog } from "viem";
import { abis } from "./Abis.ts";
import type { ChainClient } from "./ChainClient.ts";
import { at, reading } from "./contractRead.ts";
import { type Ground, grounds } from "./courtGrounds.ts";
import { allLogs } from "./logRanges.ts";
import { auditStates } from "./Snapshot.ts";

const outcomes: readonly Outcome[] = ["none", "defender", "rival"];

/** A game as the contract keeps it; `since` 0: it waits. Times are Unix seconds. */
export async function readGameView(client: ChainClient, game: Hex) {
  const found = await reading(
    "readGameView",
    client.rpc.readContract({ ...at(client, "games"), functionName: "game", args: [game] }),
  );
  return {
    ...found,
    ...{ level: levels[found.level]!, stage: stages[found.stage]!, outcome: outcomes[found.outcome]! },
  };
}

/** The rivals of a commitment, by its hash. `live`, `head`: undefined when there is none. */
export async function readDispute(client: ChainClient, commitment: Hex) {
  const found = await reading(
    "readDispute",
    client.rpc.readContract({ ...at(client, "court"), functionName: "dispute", args: [commitment] }),
  );
  return { ...found, live: gameOrNone(found.live), head: gameOrNone(found.head) };
}

const gameOrNone = (game: Hex): Hex | undefined => (BigInt(game) === 0n ? undefined : (game.toLowerCase() as Hex));

/** Bond of a rival that waits for its turn, 0 of any other. */
export const readWaitingBond = (client: ChainClient, game: Hex): Promise<bigint> =>
  reading(
    "readWaitingBond",
    client.rpc.readContract({ ...at(client, "court"), functionName: "waitingOf", args: [game] }),
  );

/** What an account has in the court and no rival has locked; stablecoin units. */
export const readBondDeposit = (client: ChainClient, account: Address): Promise<bigint> =>
  reading(
    "readBondDeposit",
    client.rpc.readContract({ ...at(client, "court"), functionName: "depositOf", args: [account] }),
  );

/** A rival that was named: of all disputes, of a commitment (its hash), of one game, or by some sponsors. */
export interface ChallengeRecord {
  game: Hex;
  commitment: Hex;
  sponsor: Address;
  leaseId: Hex;
  segment: bigint;
  ground: Ground;
  rival: Hex;
  bond: bigint;
  block: bigint;
  transaction: Hex;
}

/** In order. */
export async function readChallenges(
  client: ChainClient,
  query: { commitment?: Hex; game?: Hex; sponsors?: readonly Address[]; fromBlock: bigint },
): Promise<ChallengeRecord[]> {
  const { commitment, game, sponsors, fromBlock } = query;
  const args = {
    ...(commitment && { commitment }),
    ...(game && { game }),
    ...(sponsors && { sponsor: [...sponsors] }),
  };
  const logs = await reading(
    "readChallenges",
    allLogs(client, { fromBlock }, (range) =>
      client.rpc.getContractEvents({ ...at(client, "court"), eventName: "Challenged", args, ...range, strict: true }),
    ),
  );
  return logs.map(({ args: said, blockNumber, transactionHash }) => ({
    ...{ game: said.game.toLowerCase() as Hex, commitment: said.commitment, rival: said.rival, bond: said.bond },
    sponsor: said.sponsor.toLowerCase() as Address,
    ...{ leaseId: said.leaseId, segment: BigInt(said.segment), ground: grounds[said.ground]! },
    ...{ block: blockNumber, transaction: transactionHash },
  }));
}

/** An event of a game, when it was, and the transaction that it is from. */
export interface GameEntry {
  event: GameEvent;
  /** Unix seconds. */
  at: number;
  block: bigint;
  transaction: Hex;
}

export interface GameLog {
  /** The policy that opened it. */
  host: Address;
  level: (typeof levels)[number];
  /** Leaves of the first tree. */
  count: number;
  place: Place;
  block: bigint;
  /** What came after its opening, in order. */
  entries: GameEntry[];
}

/**
 * Everything that the chain says of one game; what came through other contracts too.
 * @throws WeftError `game.unknown`, `chain.moved` when the chain went back meanwhile
 */
export async function readGameLog(
  client: ChainClient,
  { game, fromBlock }: { game: Hex; fromBlock: bigint },
): Promise<GameLog> {
  const topic = `${game.toLowerCase()}${"0".repeat(24)}` as Hex;
  const logs = await reading(
    "readGameLog",
    allLogs(client, { fromBlock }, (range) =>
      client.rpc.request({
        method: "eth_getLogs",
        params: [
          {
            ...{ address: client.network.contracts.games, topics: [null, topic] },
            ...{ fromBlock: numberToHex(range.fromBlock), toBlock: numberToHex(range.toBlock) },
          },
        ],
      }),
    ),
  );
  const times = await timesOf(client, logs);
  const [opened, ...rest] = logs.map((log) => ({ log, event: eventOf(log) }));
  if (opened?.event.eventName !== "GameOpened")
    throw new WeftError("the chain knows no such game", {
      code: "game.unknown",
      fault: "network",
      retryable: true,
      details: { game },
    });
  const { host, level, count, place } = opened.event.args;
  return {
    ...{ host: host.toLowerCase() as Address, level: levels[level]!, count: Number(count), place },
    block: BigInt(opened.log.blockNumber!),
    entries: rest.map(({ log, event }) => ({
      event: event as unknown as GameEvent,
      at: times.get(log.blockHash!)!,
      block: BigInt(log.blockNumber!),
      transaction: log.transactionHash!,
    })),
  };
}

function eventOf({ topics, data }: RpcLog) {
  return decodeEventLog({ abi: abis.games, topics: topics as [Hex, ...Hex[]], data });
}

/** Seconds of the blocks that the logs are in. */
async function timesOf(client: ChainClient, logs: readonly RpcLog[]): Promise<ReadonlyMap<Hex, number>> {
  const hashes = [...new Set(logs.map(({ blockHash }) => blockHash!))];
  const blocks = await reading(
    "readGameLog",
    Promise.all(hashes.map((hash) => client.rpc.request({ method: "eth_getBlockByHash", params: [hash, false] }))),
  );
  return new Map(
    blocks.map((block, index) => {
      if (block === null)
        throw new WeftError("the chain went back while it was read", {
          code: "chain.moved",
          fault: "network",
          retryable: true,
        });
      return [hashes[index]!, Number(block.timestamp)];
    }),
  );
}

/** First segments of a lease's voids, oldest first: found false by auditors or a court, or signed twice. */
export async function readVoids(
  client: ChainClient,
  { leaseId, fromBlock }: { leaseId: Hex; fromBlock: bigint },
): Promise<bigint[]> {
  const of = {
    address: client.network.contracts.audits,
    abi: abis.audits,
    args: { leaseId },
    strict: true,
  } as const;
  const { rpc } = client;
  const [closed, twice, court] = await reading(
    "readVoids",
    Promise.all([
      allLogs(client, { fromBlock }, (range) => rpc.getContractEvents({ ...of, ...range, eventName: "AuditClosed" })),
      allLogs(client, { fromBlock }, (range) => rpc.getContractEvents({ ...of, ...range, eventName: "Equivocated" })),
      allLogs(client, { fromBlock }, (range) => rpc.getContractEvents({ ...of, ...range, eventName: "CourtVoided" })),
    ]),
  );
  const confirmed = closed.filter(({ args }) => auditStates[args.state] === "confirmed");
  const all = [...confirmed, ...twice, ...court].toSorted(
    (a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex,
  );
  const voids: bigint[] = [];
  // Only one that lies before all others makes anything void that wasn't.
  for (const { args } of all) {
    const segment = BigInt(args.segment);
    if (segment < (voids.at(-1) ?? segment + 1n)) voids.push(segment);
  }
  return voids;
}

/** Whether the lease's court found the segment false, or one before it in the lease: it is void and nobody is punished for it. */
export const readIsConvicted = (
  client: ChainClient,
  { leaseId, segment }: { leaseId: Hex; segment: bigint },
): Promise<boolean> =>
  reading(
    "readIsConvicted",
    client.rpc.readContract({
      ...{ ...at(client, "audits"), functionName: "isConvicted" },
      args: [leaseId, Number(segment)],
    }),
  );

/** Whether a segment was void before a time, in an earlier second; `from` as IAudits.wasVoid has it. */
export const readWasVoid = (
  client: ChainClient,
  { leaseId, segment, from, time }: { leaseId: Hex; segment: bigint; from: bigint; time: bigint },
): Promise<boolean> =>
  reading(
    "readWasVoid",
    client.rpc.readContract({
      ...{ address: client.network.contracts.audits, abi: abis.audits, functionName: "wasVoid" },
      args: [leaseId, Number(segment), Number(from), time],
    }),
  );
