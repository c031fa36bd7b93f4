// Grounds of a dispute (spec/court.md §2), in the order of the Solidity enum. Nobody disputes on `convicted`: an earlier segment of the
// lease was found false meanwhile.
import { type Hex, stringToHex } from "viem";

export const grounds = ["fields", "nan", "start", "history", "convicted"] as const;
export type Ground = (typeof grounds)[number];

/** In the place of a history root: the rival of ground `start`. */
export const startRival: Hex = stringToHex("start", { size: 32 });
