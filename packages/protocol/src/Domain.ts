// EIP-712 domains and the one way in which this system signs, hashes and recovers typed data.
import {
  type Address,
  encodeAbiParameters,
  type Hex,
  hashDomain,
  hashTypedData,
  keccak256,
  recoverAddress,
  type TypedDataDomain,
} from "viem";
import { hashStruct } from "viem/utils";
import { WeftError } from "./Errors.ts";

/** The contracts of one deployment; the verifying contract is part of what is signed. */
export interface Contracts {
  stable: Address;
  weft: Address;
  registry: Address;
  channels: Address;
  market: Address;
  audits: Address;
  beacon: Address;
  courts: Address;
  games: Address;
  court: Address;
  epochs: Address;
}

export interface Network {
  chainId: number;
  contracts: Contracts;
}

export type Field = { name: string; type: string };
export type Schema = { primaryType: string; verifier: keyof Contracts; fields: readonly Field[] };

/** Signs a digest; keys live behind this and are never passed around. */
export interface Signer {
  readonly address: Address;
  /** 65-byte r‖s‖v signature of a 32-byte digest. */
  signDigest(digest: Hex): Promise<Hex>;
}

export function domainOf(network: Network, schema: Schema): TypedDataDomain {
  return {
    name: "Weft",
    version: "1",
    chainId: network.chainId,
    verifyingContract: network.contracts[schema.verifier],
  };
}

const typesOf = (schema: Schema) => ({ [schema.primaryType]: schema.fields });

/** EIP-712 hashStruct, without the domain: the content id of the noun. */
export function structHash(schema: Schema, message: object): Hex {
  return hashStruct({
    data: message as never,
    primaryType: schema.primaryType as never,
    types: typesOf(schema) as never,
  });
}

/** The digest that is signed. */
export function digestOf(network: Network, schema: Schema, message: object): Hex {
  return hashTypedData({
    domain: domainOf(network, schema),
    types: typesOf(schema),
    primaryType: schema.primaryType,
    message: message as Record<string, unknown>,
  });
}

export async function signNoun(network: Network, schema: Schema, message: object, signer: Signer): Promise<Hex> {
  return signer.signDigest(digestOf(network, schema, message));
}

/**
 * Address that signed, in lower case. High-s, malformed and v other than 27 or 28 are refused, as the contracts do.
 * @throws WeftError `signature.malformed`
 */
export async function recoverNoun(network: Network, schema: Schema, message: object, signature: Hex): Promise<Address> {
  if (!/^0x[0-9a-fA-F]{128}1[bcBC]$/.test(signature) || BigInt(`0x${signature.slice(66, 130)}`) > halfOrder)
    throw new WeftError(`signature of ${schema.primaryType} is malformed`, { code: "signature.malformed" });
  try {
    const address = await recoverAddress({ hash: digestOf(network, schema, message), signature });
    return address.toLowerCase() as Address;
  } catch (cause) {
    throw new WeftError(`signature of ${schema.primaryType} is malformed`, { code: "signature.malformed", cause });
  }
}

const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** keccak256(abi.encode(values…)) of uint256 values. */
export function hashUints(values: readonly bigint[]): Hex {
  return keccak256(
    encodeAbiParameters(
      values.map(() => ({ type: "uint256" })),
      values,
    ),
  );
}

/** The network an order or offer was signed for, in one word. */
export const domainSeparator = (network: Network, schema: Schema): Hex =>
  hashDomain({
    domain: domainOf(network, schema) as never,
    types: {
      EIP712Domain: [
        { name: "name", type: "string" },
        { name: "version", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
      ],
    },
  });
