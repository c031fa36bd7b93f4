// Rounds of a drand network and when they are published. Light: the signatures, and the curve behind them, are in drand.ts.
import type { Hex } from "viem";

export interface DrandChain {
  /** Unix seconds at which round 1 is published. */
  genesis: bigint;
  /** Seconds from one round to the next. */
  period: bigint;
  /** 128 bytes: x and y in Fp2, imaginary part first. */
  publicKey: Hex;
  /** Domain separation tag of the hash to the curve. */
  dst: Hex;
}

export interface DrandRound {
  round: bigint;
  /** 64 bytes. */
  signature: Hex;
}

/** Unix seconds. Rounds count from 1. */
export const publishedAt = ({ genesis, period }: DrandChain, round: bigint): bigint => genesis + (round - 1n) * period;

/** The first round that is published at `time` (Unix seconds) or later. */
export const firstRoundAt = ({ genesis, period }: DrandChain, time: bigint): bigint =>
  time <= genesis ? 1n : (time - genesis + period - 1n) / period + 1n;
