// What a dispute left in the chain's log, as it is told from there: events of Court and Games with the calls behind them.
import type { Address, Hex } from "viem";
import type { EventArguments, EventName } from "./followGame.ts";

/** In the contract's order. */
export const grounds = ["fields", "nan", "start", "history"] as const;

/** Arguments as an ABI decoder gives them, ids and addresses in lower case. */
export type CourtArguments = {
  Challenged: {
    commitment: Hex;
    game: Hex;
    sponsor: Address;
    leaseId: Hex;
    segment: number;
    ground: number;
    rival: Hex;
    bond: bigint;
  };
  GameOpened: { game: Hex; level: number; count: bigint };
  RivalEliminated: { commitment: Hex; game: Hex; lost: bigint };
  Reclaimed: { commitment: Hex; game: Hex; bond: bigint };
  CommitmentEliminated: {
    commitment: Hex;
    nodeId: Hex;
    sponsor: Address;
    leaseId: Hex;
    segment: number;
    ground: number;
  };
  Punished: { nodeId: Hex; bondToSponsor: bigint; bondToBuyer: bigint; stakeBurnt: bigint; pattern: boolean };
};

type Logged = CourtArguments & { [E in EventName]: EventArguments[E] & { game: Hex } };

export type CourtCall = { readonly functionName: string; readonly args: readonly unknown[] };

export type CourtLogEntry = {
  [E in keyof Logged]: {
    readonly eventName: E;
    readonly args: Readonly<Logged[E]>;
    /** Unix seconds of the block. */
    readonly time: number;
    readonly transaction: Hex;
    /** Of the whole transaction. */
    readonly gas: number;
    /** The call of Court or Games that the transaction is; undefined where it came through another contract. */
    readonly call: CourtCall | undefined;
  };
}[keyof Logged];
