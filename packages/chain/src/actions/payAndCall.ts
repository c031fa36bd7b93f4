// Money for a bond and what it is for, in one transaction of a court: both happen, or neither.
import { encodeFunctionData } from "viem";
import { abis } from "../Abis.ts";
import type { Intent } from "../Intent.ts";

/** `payment`: of `depositBond`, to the same court. The intent is the call's: who wants it again wants no second payment. */
export function payAndCall(payment: Intent, call: Intent): Intent {
  const args = [[payment.data, call.data]] as const;
  return { ...call, data: encodeFunctionData({ abi: abis.court, functionName: "multicall", args }) };
}
