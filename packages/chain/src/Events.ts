// Chain logs as a typed union: contract, event name, arguments, and where in the chain.
import type { Contracts } from "@weft/protocol/Domain";
import { type Abi, type Address, type DecodeEventLogReturnType, decodeEventLog, type Hex } from "viem";
import { abis, type ContractName } from "./Abis.ts";

/**
 * Contracts that are followed. The tokens are not: a real stablecoin's transfers are everybody's. Nor are games, whose moves
 * are large: whoever plays one reads its log.
 */
export const followed = ["registry", "channels", "market", "audits", "beacon", "courts", "court"] as const;
export type FollowedContract = (typeof followed)[number];

/** A log as kept: enough to decode again. Addresses and hashes are lower case. */
export interface StoredLog {
  block: bigint;
  blockHash: Hex;
  /** Unix seconds of the block. */
  timestamp: bigint;
  logIndex: number;
  transactionHash: Hex;
  address: Address;
  topics: Hex[];
  data: Hex;
}

/** Where an event stands. */
export interface Place {
  block: bigint;
  timestamp: bigint;
  logIndex: number;
  transactionHash: Hex;
}

type Decoded<Name extends ContractName> = DecodeEventLogReturnType<(typeof abis)[Name]>;
export type EventName<Name extends ContractName> = Extract<Decoded<Name>["eventName"], string>;
export type EventArgs<Name extends ContractName, Event extends EventName<Name>> = Extract<
  Decoded<Name>,
  { eventName: Event }
>["args"];

/** Discriminated by `contract` and `eventName`. */
export type ChainEvent = {
  [Name in FollowedContract]: { contract: Name } & Decoded<Name> & { at: Place };
}[FollowedContract];

export type Addressed = ReadonlyMap<Address, FollowedContract>;

export const addressesOf = (contracts: Contracts): Addressed =>
  new Map(followed.map((name) => [contracts[name].toLowerCase() as Address, name]));

/** The event behind a log; undefined for a log no ABI here explains (a contract newer than this code). */
export function decode(addressed: Addressed, log: StoredLog): ChainEvent | undefined {
  const contract = addressed.get(log.address);
  if (contract === undefined) return undefined;
  try {
    const event = decodeEventLog({
      abi: abis[contract] as Abi,
      topics: log.topics as [Hex, ...Hex[]],
      data: log.data,
    });
    const at = {
      block: log.block,
      timestamp: log.timestamp,
      logIndex: log.logIndex,
      transactionHash: log.transactionHash,
    };
    return { contract, eventName: event.eventName, args: lowered(event.args ?? {}), at } as unknown as ChainEvent;
  } catch {
    return undefined;
  }
}

/** viem gives checksummed addresses; everything here compares lower-case text. */
function lowered(value: unknown): unknown {
  if (typeof value === "string") return /^0x[0-9a-fA-F]{40}$/.test(value) ? value.toLowerCase() : value;
  if (Array.isArray(value)) return value.map(lowered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, lowered(part)]));
}
