// Builds an intent: one call of one contract, encoded by its ABI.
import { type ContractFunctionArgs, type ContractFunctionName, encodeFunctionData } from "viem";
import { type abis, type ContractName, abis as table } from "../Abis.ts";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";

type Writes = "nonpayable" | "payable";
type Verb<Name extends ContractName> = ContractFunctionName<(typeof abis)[Name], Writes>;

export interface Call<Name extends ContractName, Function_ extends Verb<Name>> {
  /** Kind of the intent; its key starts with it. */
  kind: string;
  /** What tells this intent from others of its kind. */
  subject: string;
  contract: Name;
  functionName: Function_;
  args: ContractFunctionArgs<(typeof abis)[Name], Writes, Function_>;
}

export function intentFor<Name extends ContractName, Function_ extends Verb<Name>>(
  client: ChainClient,
  call: Call<Name, Function_>,
): Intent {
  const { functionName, args } = call;
  const data = encodeFunctionData({ abi: table[call.contract], functionName, args } as never);
  return {
    key: `${call.kind}/${call.subject}`,
    kind: call.kind,
    to: client.network.contracts[call.contract],
    data,
  };
}
