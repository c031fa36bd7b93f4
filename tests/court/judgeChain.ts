// The judges and their book on a development chain, asked as a court asks them.
import { fixture } from "@weft/chain/chainFixture";
import { deployerKey } from "@weft/chain/DevAccounts";
import * as JudgeBook from "@weft/chain/generated/JudgeBook";
import { abi } from "@weft/chain/generated/MatmulJudge";
import { JUDGES, type JudgeName, judgeBookEntries, numericsIdWord } from "@weft/chain/judges";
import type { NumericsId } from "@weft/tensor/graph/Graph";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  encodeDeployData,
  getContractAddress,
  type Hex,
  http,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** A leaf of an operand, 128 bytes. */
export type OpenedLeaf = { readonly operand: number; readonly leaf: number; readonly bytes: Uint8Array };
/** Undefined when an index is out of range. */
export type Judged = number | undefined;
type Asked = { readonly record: Uint8Array; readonly element: number; readonly opened: readonly OpenedLeaf[] };

export type JudgeChain = {
  chunks(record: Uint8Array): Promise<number>;
  word(asked: Asked): Promise<Judged>;
  fold(asked: Asked & { readonly chunk: number; readonly before: number }): Promise<Judged>;
  end(): Promise<void>;
};

/** Deploys a judge of each family and a book of them. */
export async function judgeChain(numericsId: NumericsId = "fp32-seq-unfused"): Promise<JudgeChain> {
  const { chain, driver, end } = await fixture({ noMining: true });
  const account = privateKeyToAccount(deployerKey);
  const wallet = createWalletClient({ account, transport: http(chain.rpcUrl) });
  const names = Object.keys(JUDGES) as JudgeName[];
  const addresses = names.map((_, nonce) => getContractAddress({ from: account.address, nonce: BigInt(nonce) }));
  const judges = Object.fromEntries(names.map((name, i) => [name, addresses[i]])) as Record<JudgeName, Address>;
  const made = encodeDeployData({ ...JudgeBook, args: [judgeBookEntries(judges)] });
  const book = getContractAddress({ from: account.address, nonce: BigInt(names.length) });
  for (const [nonce, data] of [...names.map((name) => JUDGES[name].bytecode), made].entries())
    await wallet.sendTransaction({ data, nonce, gas: 10_000_000n, chain: null });
  await driver.mine({ blocks: 1 });

  const client = createPublicClient({ transport: http(chain.rpcUrl, { batch: { batchSize: 100 } }) });
  const found = new Map<number, Promise<Address>>();
  const judgeOf = (record: Uint8Array) => {
    const op = record[1]!;
    const args = [op, numericsIdWord(numericsId)] as const;
    const call = { address: book, abi: JudgeBook.abi, functionName: "judgeOf", args } as const;
    if (!found.has(op)) found.set(op, client.readContract(call));
    return found.get(op)!;
  };
  const contract = async (record: Uint8Array) => ({ address: await judgeOf(record), abi }) as const;
  return {
    async chunks(record) {
      return Number(
        await client.readContract({ ...(await contract(record)), functionName: "chunks", args: [toHex(record)] }),
      );
    },
    async word({ record, element, opened }) {
      const args = [toHex(record), BigInt(element), opened.map(asArgument)] as const;
      const [defined, word] = await client.readContract({ ...(await contract(record)), functionName: "word", args });
      return defined ? word : undefined;
    },
    async fold({ record, element, chunk, before, opened }) {
      const args = [toHex(record), BigInt(element), BigInt(chunk), before, opened.map(asArgument)] as const;
      const [defined, acc] = await client.readContract({ ...(await contract(record)), functionName: "fold", args });
      return defined ? acc : undefined;
    },
    end,
  };
}

function asArgument({ operand, leaf, bytes }: OpenedLeaf) {
  const part = (i: number): Hex => toHex(bytes.subarray(32 * i, 32 * (i + 1)));
  return { operand, leaf: BigInt(leaf), words: [part(0), part(1), part(2), part(3)] as const };
}
