// The log of Court and Games with the calls behind it, for whoever tells what happened there (verification, tellDisputes): events
// in order, each with its block's time and its transaction's gas, and the call where it went straight to one of the two, with the
// money that it brings or the verdict that it asks for left away.
import { WeftError } from "@weft/protocol/Errors";
import type { CourtCall, CourtLogEntry } from "@weft/verification/court/CourtLog";
import { type Abi, type Address, decodeEventLog, decodeFunctionData, type Hex, numberToHex, type RpcLog } from "viem";
import { abis } from "./Abis.ts";
import type { ChainClient } from "./ChainClient.ts";
import { type BlockRange, logRanges } from "./logRanges.ts";
import { chainError } from "./Reverts.ts";

export interface CourtLog {
  /** All of it up to the head, each time anew where blocks may still go. @throws WeftError of the RPC, `chain.moved` */
  read(): Promise<readonly CourtLogEntry[]>;
}

/** Blocks asked for at once: what they hold is looked at before the next ones are. */
const maxRangeBlocks = 2000n;
/** Older blocks are not asked for again. */
const finalAfterBlocks = 64n;
/** A court that has seen more than this is read from a later block on. */
const maxEntries = 100_000;

/** A transaction that left something in the log; the same one in another block is another one. */
interface Told {
  gas: number;
  call: CourtCall | undefined;
}

interface Reading {
  readonly client: ChainClient;
  readonly contracts: ReadonlyMap<Address, Abi>;
  /** Entries of blocks that are final, and the first block after them. */
  kept: readonly CourtLogEntry[];
  next: bigint;
  readonly times: Map<Hex, number>;
  readonly transactions: Map<string, Told>;
}

export function openCourtLog(client: ChainClient, { fromBlock }: { fromBlock: bigint }): CourtLog {
  const { court, games } = client.network.contracts;
  const contracts = new Map<Address, Abi>([
    [court.toLowerCase() as Address, abis.court],
    [games.toLowerCase() as Address, abis.games],
  ]);
  const reading: Reading = { client, contracts, kept: [], next: fromBlock, times: new Map(), transactions: new Map() };
  return {
    read: async () => {
      try {
        return await readAll(reading);
      } catch (error) {
        throw error instanceof WeftError ? error : chainError(error, { kind: "readCourtLog" });
      }
    },
  };
}

async function readAll(reading: Reading): Promise<readonly CourtLogEntry[]> {
  const entries = [...reading.kept];
  let final = reading.kept.length;
  const { client, contracts, next: fromBlock } = reading;
  const head = await client.rpc.getBlockNumber();
  const ask = (range: BlockRange): Promise<RpcLog[]> =>
    client.rpc.request({
      method: "eth_getLogs",
      params: [
        {
          address: [...contracts.keys()],
          ...{ fromBlock: numberToHex(range.fromBlock), toBlock: numberToHex(range.toBlock) },
        },
      ],
    });
  for await (const { logs, toBlock } of logRanges(client, { fromBlock, widest: maxRangeBlocks }, ask)) {
    entries.push(...(await entriesOf(reading, logs)));
    if (entries.length > maxEntries) throw tooLong();
    if (toBlock + 1n + finalAfterBlocks > head) continue;
    final = entries.length;
    reading.next = toBlock + 1n;
  }
  reading.kept = entries.slice(0, final);
  return entries;
}

async function entriesOf(reading: Reading, logs: readonly RpcLog[]): Promise<CourtLogEntry[]> {
  await Promise.all([fetchTimes(reading, logs), fetchTransactions(reading, logs)]);
  return logs.flatMap((log) => {
    const event = decoded(reading, log);
    if (event === undefined) return [];
    const told = reading.transactions.get(keyOf(log))!;
    const transaction = log.transactionHash as Hex;
    return [
      { ...event, time: reading.times.get(log.blockHash as Hex)!, transaction, ...told } as unknown as CourtLogEntry,
    ];
  });
}

/** undefined for a log that no ABI here explains. */
function decoded({ contracts }: Reading, { address, topics, data }: RpcLog) {
  const abi = contracts.get(address.toLowerCase() as Address);
  try {
    const { eventName, args } = decodeEventLog({ abi: abi as Abi, topics: topics as [Hex, ...Hex[]], data });
    return { eventName, args: lowered(args ?? {}) };
  } catch {
    return undefined;
  }
}

/** viem gives checksummed addresses; everything here compares lower-case text. */
const lowered = (args: object): object =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      typeof value === "string" && value.length === 42 ? value.toLowerCase() : value,
    ]),
  );

const keyOf = ({ blockHash, transactionHash }: RpcLog): string => `${blockHash}/${transactionHash}`;

async function fetchTimes({ client, times }: Reading, logs: readonly RpcLog[]): Promise<void> {
  const hashes = [...new Set(logs.map(({ blockHash }) => blockHash as Hex))].filter((hash) => !times.has(hash));
  await Promise.all(
    hashes.map(async (hash) => {
      const block = await client.rpc.request({ method: "eth_getBlockByHash", params: [hash, false] });
      if (block === null) throw moved();
      times.set(hash, Number(block.timestamp));
    }),
  );
}

async function fetchTransactions(reading: Reading, logs: readonly RpcLog[]): Promise<void> {
  const { client, transactions } = reading;
  const missing = new Map(logs.map((log) => [keyOf(log), log.transactionHash as Hex] as const));
  await Promise.all(
    [...missing].map(async ([key, hash]) => {
      if (transactions.has(key)) return;
      const [sent, receipt] = await Promise.all([
        client.rpc.request({ method: "eth_getTransactionByHash", params: [hash] }),
        client.rpc.request({ method: "eth_getTransactionReceipt", params: [hash] }),
      ]);
      if (sent === null || receipt === null) throw moved();
      transactions.set(key, { gas: Number(receipt.gasUsed), call: callOf(reading, sent) });
    }),
  );
}

function callOf({ contracts }: Reading, { to, input }: { to: Address | null; input: Hex }): CourtCall | undefined {
  const abi = contracts.get((to ?? "0x").toLowerCase() as Address);
  if (abi === undefined) return undefined;
  try {
    const call = callIn(abi, input);
    const own = call.functionName === "multicall" ? besidesMoney(call) : call;
    return own?.functionName === "concludeWith" ? callIn(abis.games, own.args[3] as Hex) : own;
  } catch {
    return undefined;
  }
}

function callIn(abi: Abi, data: Hex): CourtCall {
  const { functionName, args = [] } = decodeFunctionData({ abi, data });
  return { functionName, args };
}

/** Of several calls in one the only one that isn't a deposit; undefined where there are more. */
function besidesMoney({ args }: CourtCall): CourtCall | undefined {
  const calls = (args[0] as Hex[]).map((data) => callIn(abis.court, data));
  const others = calls.filter(({ functionName }) => !functionName.startsWith("deposit"));
  return others.length === 1 ? others[0] : undefined;
}

const moved = () =>
  new WeftError("the chain went back while it was read", { code: "chain.moved", fault: "network", retryable: true });

const tooLong = () =>
  new WeftError(`the court's log has more than ${maxEntries} entries`, {
    code: "court.logTooLong",
    fault: "network",
    remedy: "name the dispute by the whole id of its game: then only what came after its challenge is read",
  });
