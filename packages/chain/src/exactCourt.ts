// The court of tier exact as every deployment has it: the first on its list, from the start (EXACT_COURT of
// contracts/src/interfaces/ICourt.sol).
import { type Hex, stringToHex } from "viem";

export const exactCourt: Hex = stringToHex("exact/1", { size: 32 });
