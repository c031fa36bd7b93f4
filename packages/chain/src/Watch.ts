// Follows the chain: new blocks with their decoded events in order, and rewinds when blocks are gone.
//
// Polls over HTTP. Each batch is in the store before it is given out, so the store's cursor is where a restart goes on.
// A rewind (re-org, or a development chain that lost its last blocks) is found by comparing hashes with the journal;
// everything above the common block is forgotten, said once as `rewind`, and read again. A node that merely lags
// behind looks the same and costs one such round. No websocket subscriptions.
import type { Clock } from "@weft/protocol/Clock";
import type { Address, Hex, RpcLog } from "viem";
import { type ChainClient, pollMsOf } from "./ChainClient.ts";
import type { BlockRef, ChainStore } from "./ChainStore.ts";
import { type Addressed, addressesOf, type ChainEvent, decode, type StoredLog } from "./Events.ts";
import { isTransient } from "./Reverts.ts";

export type WatchItem =
  /** Blocks up to and with `head` were added; `events` may be empty. */
  | { kind: "blocks"; head: BlockRef; events: ChainEvent[] }
  /** Nothing above `toBlock` holds any more. */
  | { kind: "rewind"; toBlock: bigint };

export interface WatchOptions {
  store: ChainStore;
  clock: Clock;
  signal: AbortSignal;
  /** First block with events of the deployment. */
  fromBlock: bigint;
  /** Told about each failed look; the watcher goes on by itself. */
  onOutage?: (error: unknown) => void;
}

const maxRangeBlocks = 2000n;
const maxBackoffMs = 10_000;
const maxIdleMs = 1000;

/** Ends when the signal aborts. Slow consumers slow the reading down; nothing piles up. */
export async function* watch(client: ChainClient, options: WatchOptions): AsyncGenerator<WatchItem> {
  const reader: Reader = {
    client,
    options,
    addressed: addressesOf(client.network.contracts),
    range: maxRangeBlocks,
    headNumber: 0n,
  };
  const pollMs = pollMsOf(client.profile);
  let waitMs = pollMs;
  while (!options.signal.aborted) {
    try {
      const item = await step(reader);
      if (item !== undefined) {
        yield item;
        waitMs = pollMs;
        if (item.kind === "rewind" || item.head.number < reader.headNumber) continue;
      } else waitMs = Math.min(waitMs * 1.25, Math.max(pollMs, maxIdleMs));
    } catch (error) {
      options.onOutage?.(error);
      reader.range = isTransient(error) || reader.range === 1n ? maxRangeBlocks : reader.range / 2n;
      waitMs = Math.min(Math.max(250, waitMs * 2), maxBackoffMs);
    }
    await options.clock.sleep(waitMs, options.signal).catch(() => undefined);
  }
}

interface Reader {
  client: ChainClient;
  options: WatchOptions;
  addressed: Addressed;
  /** Blocks asked for at once; halved when a node refuses the range. */
  range: bigint;
  headNumber: bigint;
}

interface Header extends BlockRef {
  parentHash: Hex;
}

/** One look: the next batch, a rewind, or undefined when there is nothing new. */
async function step(reader: Reader): Promise<WatchItem | undefined> {
  const { store, fromBlock } = reader.options;
  const cursor = store.cursor();
  const head = await headerAt(reader, "latest");
  if (head === undefined || head.hash === cursor?.hash) return undefined;
  reader.headNumber = head.number;
  if (cursor !== undefined && !(await continues(reader, cursor, head))) return rewind(reader, head);
  const from = cursor === undefined ? fromBlock : cursor.number + 1n;
  if (head.number < from) return undefined;
  const to = smaller(head.number, from + reader.range - 1n);
  const batch = from === to && to === head.number ? await readOne(reader, head) : await readRange(reader, from, to);
  if (batch === undefined) return undefined;
  store.append(batch.blocks, batch.logs);
  const events = batch.logs.map((log) => decode(reader.addressed, log)).filter((event) => event !== undefined);
  return { kind: "blocks", head: batch.blocks.at(-1) as BlockRef, events };
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Whether the chain that ends in `head` contains the cursor. */
async function continues(reader: Reader, cursor: BlockRef, head: Header): Promise<boolean> {
  if (head.number <= cursor.number) return false;
  if (head.number === cursor.number + 1n) return head.parentHash === cursor.hash;
  return (await headerAt(reader, cursor.number))?.hash === cursor.hash;
}

/** Binary search in the journal for the newest block the chain still has. */
async function rewind(reader: Reader, head: Header): Promise<WatchItem> {
  const journal = reader.options.store.journal();
  let low = 0;
  let high = journal.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const block = journal[middle] as BlockRef;
    const still = block.number <= head.number && (await headerAt(reader, block.number))?.hash === block.hash;
    if (still) high = middle;
    else low = middle + 1;
  }
  const toBlock = journal[low]?.number ?? reader.options.fromBlock - 1n;
  reader.options.store.rewindTo(toBlock);
  return { kind: "rewind", toBlock };
}

interface Batch {
  blocks: BlockRef[];
  logs: StoredLog[];
}

/** Logs of one block by its hash: exact whatever the chain does meanwhile. */
async function readOne(reader: Reader, head: Header): Promise<Batch> {
  const address = [...reader.addressed.keys()];
  const found = await reader.client.rpc.request({
    method: "eth_getLogs",
    params: [{ address, blockHash: head.hash }],
  });
  return { blocks: [refOf(head)], logs: found.map((log) => storedOf(log, head)) };
}

/** Logs of a range by numbers; undefined when the chain changed while it was read. */
async function readRange(reader: Reader, from: bigint, to: bigint): Promise<Batch | undefined> {
  const before = await headerAt(reader, to);
  const found = await reader.client.rpc.request({
    method: "eth_getLogs",
    params: [{ address: [...reader.addressed.keys()], fromBlock: hexOf(from), toBlock: hexOf(to) }],
  });
  const numbers = [...new Set(found.map((log) => BigInt(log.blockNumber as Hex)).filter((number) => number !== to))];
  const [after, ...headers] = await Promise.all([to, ...numbers].map((number) => headerAt(reader, number)));
  if (before === undefined || after?.hash !== before.hash) return undefined;
  const byHash = new Map([before, ...headers].flatMap((header) => (header ? [[header.hash, header] as const] : [])));
  const logs: StoredLog[] = [];
  for (const log of found) {
    const header = byHash.get(log.blockHash as Hex);
    if (header === undefined) return undefined;
    logs.push(storedOf(log, header));
  }
  const blocks = [...byHash.values()].map(refOf).sort((a, b) => Number(a.number - b.number));
  return { blocks, logs: logs.sort((a, b) => Number(a.block - b.block) || a.logIndex - b.logIndex) };
}

const hexOf = (number: bigint): Hex => `0x${number.toString(16)}`;
const refOf = ({ number, hash, timestamp }: BlockRef): BlockRef => ({ number, hash, timestamp });

async function headerAt(reader: Reader, at: bigint | "latest"): Promise<Header | undefined> {
  const block = await reader.client.rpc.request({
    method: "eth_getBlockByNumber",
    params: [at === "latest" ? at : hexOf(at), false],
  });
  if (block === null || block.hash === null || block.number === null) return undefined;
  return {
    number: BigInt(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: BigInt(block.timestamp),
  };
}

const storedOf = (log: RpcLog, header: BlockRef): StoredLog => ({
  block: header.number,
  blockHash: header.hash,
  timestamp: header.timestamp,
  logIndex: Number(log.logIndex),
  transactionHash: log.transactionHash as Hex,
  address: log.address.toLowerCase() as Address,
  topics: log.topics as Hex[],
  data: log.data,
});
