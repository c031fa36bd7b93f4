// Logs of more blocks than a node answers for at once: providers refuse ranges above some width, or with too many logs. Each
// range that is refused is halved; what a provider took is where the next question begins.
import { WeftError } from "@weft/protocol/Errors";
import type { ChainClient } from "./ChainClient.ts";
import { isTransient } from "./Reverts.ts";

export interface BlockRange {
  fromBlock: bigint;
  toBlock: bigint;
}

export interface LogSpan {
  fromBlock: bigint;
  /** Blocks asked for at once at most; all when absent. */
  widest?: bigint;
  /** The last blocks come first. */
  newestFirst?: boolean;
}

/** Asks for the logs of some blocks, both ends included. */
export type AskLogs<T> = (range: BlockRange) => Promise<readonly T[]>;

/** A wider range is tried after so many answers: logs lie thinner here than there. */
const widerAfter = 8;
/** Questions for one span: what needs more is asked of a provider that takes wider ranges. */
const mostQuestions = 20_000;

/** The widest range that a provider took after it had refused a wider one. */
const taken = new WeakMap<ChainClient["rpc"], bigint>();

/**
 * From `fromBlock` to the head, range by range; within one in the chain's order.
 * @throws the provider's error where it is transient, or refuses a single block; WeftError `chain.manyRanges`
 */
export async function* logRanges<T>(
  client: ChainClient,
  { fromBlock, widest, newestFirst = false }: LogSpan,
  ask: AskLogs<T>,
): AsyncGenerator<BlockRange & { logs: readonly T[] }> {
  const { rpc } = client;
  let left: BlockRange = { fromBlock, toBlock: await rpc.getBlockNumber() };
  const known = taken.get(rpc);
  let width = smallest(left.toBlock - fromBlock + 1n, widest, known && 2n * known);
  let answers = 0;
  let isRefused = false;
  for (let questions = 0; left.fromBlock <= left.toBlock; questions++) {
    if (questions >= mostQuestions) throw manyRanges(width);
    const range = endOf(left, width, newestFirst);
    const logs = await ask(range).catch((error: unknown) => {
      if (isTransient(error) || range.fromBlock === range.toBlock) throw error;
      return undefined;
    });
    if (logs === undefined) {
      isRefused = true;
      answers = 0;
      width = (range.toBlock - range.fromBlock + 1n) / 2n;
      continue;
    }
    if (isRefused) taken.set(rpc, width);
    if (++answers % widerAfter === 0) width = smallest(2n * width, widest);
    yield { ...range, logs };
    left = newestFirst ? { ...left, toBlock: range.fromBlock - 1n } : { ...left, fromBlock: range.toBlock + 1n };
  }
}

/** All of them, in the chain's order. @throws as logRanges */
export async function allLogs<T>(client: ChainClient, span: LogSpan, ask: AskLogs<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const { logs } of logRanges(client, { ...span, newestFirst: false }, ask)) found.push(...logs);
  return found;
}

/** The last one that there is. @throws as logRanges */
export async function lastLog<T>(client: ChainClient, span: LogSpan, ask: AskLogs<T>): Promise<T | undefined> {
  for await (const { logs } of logRanges(client, { ...span, newestFirst: true }, ask))
    if (logs.length > 0) return logs.at(-1);
  return undefined;
}

function endOf({ fromBlock, toBlock }: BlockRange, width: bigint, newestFirst: boolean): BlockRange {
  if (newestFirst) return { fromBlock: largest(fromBlock, toBlock - width + 1n), toBlock };
  return { fromBlock, toBlock: smallest(toBlock, fromBlock + width - 1n) };
}

const smallest = (first: bigint, ...others: (bigint | undefined)[]): bigint =>
  others.reduce<bigint>((least, one) => (one !== undefined && one < least ? one : least), first);
const largest = (one: bigint, other: bigint): bigint => (one > other ? one : other);

const manyRanges = (width: bigint): WeftError =>
  new WeftError(`the chain's RPC gives logs of ${width} blocks at once only: too few for what is asked`, {
    code: "chain.manyRanges",
    fault: "network",
    details: { questions: mostQuestions },
    remedy: "use an RPC that answers for wider ranges of blocks",
  });
