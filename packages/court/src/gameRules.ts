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

/** What a place among the rivals of one commitment costs at most, however many are there (spec/court.md §4). Stablecoin units. */
export const dearestBond = (params: ProtocolParams): bigint => 8n * ladderOf(params);
