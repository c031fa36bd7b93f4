// What the owner of a node lets it do in disputes, as chosen on the command line and kept in the node's settings.json; and how much
// money its operator should have for that.
import type { ChainClient } from "@weft/chain/ChainClient";
import { bondsWanted } from "@weft/court/gameRules";
import * as Amount from "@weft/protocol/Amount";
import { z } from "zod";

/** What isn't there is the node's default. */
export const courtChoiceShape = z.object({
  /** Stablecoin units. */
  bonds: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  gas: z.int().optional(),
  games: z.int().optional(),
  workers: z.int().optional(),
});
export type CourtChoice = z.infer<typeof courtChoiceShape>;

export interface CourtFlags {
  courtBonds?: string;
  courtGas?: number;
  courtGames?: number;
  courtWorkers?: number;
}

/** What was chosen before, changed by what is asked now. @throws WeftError `amount.malformed` */
export function courtChoice(before: CourtChoice | undefined, flags: CourtFlags): CourtChoice {
  const { courtBonds: bonds, courtGas: gas, courtGames: games, courtWorkers: workers } = flags;
  return {
    ...before,
    ...(bonds === undefined ? {} : { bonds: String(Amount.parse(bonds)) }),
    ...(gas === undefined ? {} : { gas }),
    ...(games === undefined ? {} : { games }),
    ...(workers === undefined ? {} : { workers }),
  };
}

/** For the node's process. */
export const courtParameters = (choice: CourtChoice | undefined): string[] =>
  (["bonds", "gas", "games", "workers"] as const).flatMap((name) => {
    const value = choice?.[name];
    return value === undefined ? [] : [`--court-${name}`, String(value)];
  });

/** Gas units that an operator should have in hand for disputes: eight games of full depth. */
export const courtGas = 8n * 1_200_000n;

/** Stablecoin units that an operator should have for bonds: a bid before any crowd, unless its owner allows less. */
export function courtBonds({ params }: ChainClient, choice: CourtChoice | undefined): bigint {
  const wanted = choice?.games === 0 ? 0n : bondsWanted(params);
  const allowed = choice?.bonds === undefined ? wanted : BigInt(choice.bonds);
  return allowed < wanted ? allowed : wanted;
}
