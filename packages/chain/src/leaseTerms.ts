// The two packed words of LeaseOpened: contracts/src/libraries/LeaseTerms.sol, field for field.
import type { LeaseRecord } from "./Snapshot.ts";

type Terms = Pick<LeaseRecord, "poolId" | "units" | "durationSeconds" | "rate" | "tier" | "fill" | "payMode">;

const bits = (word: bigint, from: number, count: number): bigint =>
  (word >> BigInt(from)) & ((1n << BigInt(count)) - 1n);

/** | payMode 8 | fill 8 | tier 8 | rate 64 | durationSeconds 32 | units 32 | poolId 32 | */
export const unpackTerms = (word: bigint): Terms => ({
  poolId: bits(word, 0, 32),
  units: bits(word, 32, 32),
  durationSeconds: bits(word, 64, 32),
  rate: bits(word, 96, 64),
  tier: bits(word, 160, 8),
  fill: Number(bits(word, 168, 8)),
  payMode: bits(word, 176, 8),
});

/** | bond 64 | startFee 64 | auditPot 64 | pay 64 |, stablecoin units */
export const unpackMoney = (word: bigint): LeaseRecord["money"] => ({
  pay: bits(word, 0, 64),
  auditPot: bits(word, 64, 64),
  startFee: bits(word, 128, 64),
  bond: bits(word, 192, 64),
});
