// The buyer of a local network: escrow, and a session that lets the gateway sign orders up to a daily cap.
import { abis } from "@weft/chain/Abis";
import type { ChainClient } from "@weft/chain/ChainClient";
import { memoryStore } from "@weft/chain/Intent";
import type { AccountSigner } from "@weft/chain/Keys";
import { Sender } from "@weft/chain/Sender";
import { type Address, encodeFunctionData } from "viem";
import { systemClock } from "./systemClock.ts";

/** Escrow a local buyer begins with, and is brought back to. */
export const escrowWanted = 50_000_000n;
export const sessionDailyCap = 100_000_000n;
const sessionSeconds = 30 * 86_400;
/** A session that ends sooner than this is granted again. */
const renewSeconds = 86_400;

/** Deposits what the escrow lacks. Returns what was deposited. */
export async function fillEscrow(client: ChainClient, buyer: AccountSigner): Promise<bigint> {
  const { channels } = client.network.contracts;
  const account = await client.rpc.readContract({
    address: channels,
    abi: abis.channels,
    functionName: "accountOf",
    args: [buyer.address],
  });
  const short = escrowWanted - account.free;
  // Small change is left alone: a deposit costs more attention than it is worth.
  if (short < escrowWanted / 2n) return 0n;
  await deposit(client, { buyer, amount: short });
  return short;
}

/** Approves and deposits. @throws WeftError of the token or the vault when the money isn't there */
export async function deposit(client: ChainClient, { buyer, amount }: { buyer: AccountSigner; amount: bigint }): Promise<void> {
  const { channels, stable } = client.network.contracts;
  await withSender(client, buyer, async (sender) => {
    const approve = encodeFunctionData({ abi: abis.stable, functionName: "approve", args: [channels, amount] });
    const put = encodeFunctionData({ abi: abis.channels, functionName: "deposit", args: [amount] });
    await sender.send({ key: "approve", kind: "approve", to: stable, data: approve });
    await sender.send({ key: "deposit", kind: "deposit", to: channels, data: put });
  });
}

/** Lets `key` sign orders for the buyer with any provider; nothing is sent while an earlier grant holds. */
export async function grantSession(client: ChainClient, grant: { buyer: AccountSigner; key: Address }): Promise<void> {
  const { channels } = client.network.contracts;
  const now = Math.floor(systemClock.now() / 1000);
  const session = await client.rpc.readContract({
    address: channels,
    abi: abis.channels,
    functionName: "sessionOf",
    args: [grant.buyer.address, grant.key],
  });
  if (session.live && session.expiresAt > now + renewSeconds) return;
  const args = [grant.key, sessionDailyCap, BigInt(now + sessionSeconds), true, []] as const;
  const data = encodeFunctionData({ abi: abis.channels, functionName: "grantSession", args });
  await withSender(client, grant.buyer, (sender) =>
    sender.send({ key: "grantSession", kind: "grantSession", to: channels, data }),
  );
}

export async function withSender<T>(
  client: ChainClient,
  signer: AccountSigner,
  use: (sender: Sender) => Promise<T>,
): Promise<T> {
  const sender = new Sender(client, { signer, store: memoryStore(), clock: systemClock });
  try {
    return await use(sender);
  } finally {
    sender.close();
  }
}
