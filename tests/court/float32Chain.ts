// Float32Machine on a development chain, as calls that change nothing.
import { fixture } from "@weft/chain/chainFixture";
import { abi, bytecode } from "@weft/chain/generated/Float32Machine";
import { type Address, createPublicClient, type Hex, http, toHex } from "viem";
import { OPERATIONS } from "./float32Cases.ts";

const machine: Address = "0x000000000000000000000000000000000000f320";
/** Some 1,100 gas for a result, loop and dispatch included. */
const gas = 290_000_000n;
/** Pairs in a call: what `gas` pays for, with their calldata. */
export const PAIRS_PER_CALL = 16_384;

export type Float32Chain = {
  /** One result for each pair of operands. */
  run(operation: string, pairs: Uint32Array): Promise<Uint32Array>;
  /** Gas of one operation, the mean over the pairs. */
  gasOf(operation: string, pairs: Uint32Array): Promise<number>;
  end(): Promise<void>;
};

const swapped = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes).swap32();
const asHex = (words: Uint32Array): Hex =>
  toHex(swapped(new Uint8Array(words.buffer, words.byteOffset, words.byteLength)));
const operationOf = (name: string): number => OPERATIONS.findIndex((operation) => operation.name === name);

/** A chain with the machine's code at one address. */
export async function float32Chain(): Promise<Float32Chain> {
  const { chain, driver, end } = await fixture({ noMining: true });
  const client = createPublicClient({ transport: http(chain.rpcUrl) });
  const { data: code } = await client.call({ data: bytecode });
  await driver.setCode({ address: machine, bytecode: code as Hex });
  const contract = { address: machine, abi, gas } as const;
  return {
    async run(operation, pairs) {
      const args = [operationOf(operation), asHex(pairs)] as const;
      const results = await client.readContract({ ...contract, functionName: "run", args });
      const bytes = swapped(Buffer.from(results.slice(2), "hex"));
      return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    },
    async gasOf(operation, pairs) {
      const args = [operationOf(operation), asHex(pairs)] as const;
      const used = await client.readContract({ ...contract, functionName: "gasOf", args });
      return Number(used) / (pairs.length / 2);
    },
    end,
  };
}

const hex = (word: number): string => word.toString(16).padStart(8, "0");

/** What differs from the processor's results, at most ten lines. */
export function differences(operation: string, pairs: Uint32Array, results: Uint32Array): string[] {
  const { compute } = OPERATIONS[operationOf(operation)]!;
  const found: string[] = [];
  for (let i = 0; i < pairs.length / 2 && found.length < 10; i++) {
    const [a, b] = [pairs[2 * i]!, pairs[2 * i + 1]!];
    const expected = compute(a, b);
    if (results[i] !== expected)
      found.push(`${operation} ${hex(a)} ${hex(b)} is ${hex(results[i]!)}, expected ${hex(expected)}`);
  }
  return found;
}
