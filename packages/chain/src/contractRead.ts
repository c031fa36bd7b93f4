// One read of a contract: where and what it is, and the chain's failures as coded errors.
import { abis, type ContractName } from "./Abis.ts";
import type { ChainClient } from "./ChainClient.ts";
import { chainError } from "./Reverts.ts";

/** Address and ABI of a contract of the client's network. */
export const at = <Name extends ContractName>(client: ChainClient, contract: Name) => ({
  address: client.network.contracts[contract],
  abi: abis[contract],
});

/** What `work` gives. @throws WeftError of the chain, which names the read as `kind` */
export async function reading<T>(kind: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw chainError(error, { kind });
  }
}
