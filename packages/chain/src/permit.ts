// Signed allowances of a token: EIP-2612 permit, and EIP-3009 ReceiveWithAuthorization.
// The token says its own EIP-712 domain (EIP-5267); one that does not is refused rather than guessed.
import type { Contracts, Signer } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import { type Hex, hashTypedData, parseSignature } from "viem";
import { abis } from "./Abis.ts";
import type { ChainClient } from "./ChainClient.ts";

export interface SplitSignature {
  v: number;
  r: Hex;
  s: Hex;
}

export interface PermitOptions {
  token: "stable" | "weft";
  spender: keyof Contracts;
  owner: Signer;
  amount: bigint;
}

const permitSeconds = 3600n;

/** Valid for an hour of chain time. @throws WeftError `token.noDomain` */
export async function signPermit(
  client: ChainClient,
  options: PermitOptions,
): Promise<SplitSignature & { deadline: bigint }> {
  const { owner, amount } = options;
  const address = client.network.contracts[options.token];
  const [domain, nonce, block] = await Promise.all([
    domainOf(client, options.token),
    client.rpc.readContract({ address, abi: abis.weft, functionName: "nonces", args: [owner.address] }),
    client.rpc.getBlock(),
  ]);
  const deadline = block.timestamp + permitSeconds;
  const spender = client.network.contracts[options.spender];
  const digest = hashTypedData({
    domain,
    types: { Permit: permitFields },
    primaryType: "Permit",
    message: { owner: owner.address, spender, value: amount, nonce, deadline },
  });
  return { ...split(await owner.signDigest(digest)), deadline };
}

/** Money that the vault may pull from `owner` once, whoever brings it. */
export async function signReceiveAuthorization(
  client: ChainClient,
  options: { owner: Signer; amount: bigint; nonce: Hex; validBefore: bigint },
): Promise<SplitSignature> {
  const { owner, amount, nonce, validBefore } = options;
  const digest = hashTypedData({
    domain: await domainOf(client, "stable"),
    types: { ReceiveWithAuthorization: authorizationFields },
    primaryType: "ReceiveWithAuthorization",
    message: {
      ...{ from: owner.address, to: client.network.contracts.channels, value: amount },
      ...{ validAfter: 0n, validBefore, nonce },
    },
  });
  return split(await owner.signDigest(digest));
}

const permitFields = [
  { name: "owner", type: "address" },
  { name: "spender", type: "address" },
  { name: "value", type: "uint256" },
  { name: "nonce", type: "uint256" },
  { name: "deadline", type: "uint256" },
] as const;

const authorizationFields = [
  { name: "from", type: "address" },
  { name: "to", type: "address" },
  { name: "value", type: "uint256" },
  { name: "validAfter", type: "uint256" },
  { name: "validBefore", type: "uint256" },
  { name: "nonce", type: "bytes32" },
] as const;

async function domainOf(client: ChainClient, token: "stable" | "weft") {
  const verifyingContract = client.network.contracts[token];
  try {
    const [, name, version, chainId] = await client.rpc.readContract({
      address: verifyingContract,
      abi: abis.weft,
      functionName: "eip712Domain",
    });
    return { name, version, chainId: Number(chainId), verifyingContract };
  } catch (cause) {
    throw new WeftError("the token does not say its signing domain (EIP-5267)", {
      code: "token.noDomain",
      details: { token: verifyingContract },
      remedy: "approve and deposit in two transactions",
      cause,
    });
  }
}

function split(signature: Hex): SplitSignature {
  const { r, s, v, yParity } = parseSignature(signature);
  return { r, s, v: Number(v ?? 27 + yParity) };
}
