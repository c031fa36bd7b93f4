// Grounds of a dispute (spec/court.md §2), in the order of the Solidity enum.
import { type Hex, stringToHex } from "viem";

export const grounds = ["fields", "nan", "start", "history"] as const;
export type Ground = (typeof grounds)[number];

/** In the place of a history root: the rival of ground `start`. */
export const startRival: Hex = stringToHex("start", { size: 32 });
