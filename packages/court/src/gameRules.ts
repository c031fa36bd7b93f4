// What games of a deployment go by, from its parameters.
import type { ProtocolParams } from "@weft/protocol/Params";
import type { Rules } from "@weft/verification/court/Game";

export const gameRules = (params: ProtocolParams): Rules => ({
  fanout: Number(params.courtFanout),
  clockSeconds: Number(params.courtClockSeconds),
  extensionSeconds: Number(params.courtExtensionSeconds),
  inclusionSeconds: Number(params.courtInclusionSeconds),
});

/** Sum of the level bonds: the least that a first rival bonds. Stablecoin units. */
export const ladderOf = (params: ProtocolParams): bigint =>
  params.courtBondSteps + params.courtBondValues + params.courtBondAccs;

/** What a place beside that many rivals of one commitment costs: it doubles three times (spec/court.md §4). Stablecoin units. */
export const placeBond = (params: ProtocolParams, rivals: number): bigint =>
  ladderOf(params) << BigInt(Math.min(rivals, 3));

/** However many are there. */
export const dearestBond = (params: ProtocolParams): bigint => placeBond(params, 3);

/** What an operator should have for bonds: a bid ahead of any crowd of one liar's friends, or sixteen ordinary games. Stablecoin units. */
export const bondsWanted = (params: ProtocolParams): bigint => 2n * dearestBond(params);
