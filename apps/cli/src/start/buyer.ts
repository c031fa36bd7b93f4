// The buyer of a local network: escrow, and a session that lets the gateway sign orders up to a daily cap.
import { deposit } from "@weft/chain/actions/deposit";
import { grantSession } from "@weft/chain/actions/grantSession";
import type { ChainClient } from "@weft/chain/ChainClient";
import { type Intent, memoryStore } from "@weft/chain/Intent";
import type { AccountSigner } from "@weft/chain/Keys";
import { chainTime, readAccount, readSession } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import { foregroundClock } from "@weft/transport/Clock";
import type { Address } from "viem";

/** Escrow a local buyer begins with; below half of it, it is filled up again. */
export const escrowWanted = 50_000_000n;
export const sessionDailyCap = 100_000_000n;
const sessionSeconds = 30n * 86_400n;
/** A session that ends sooner than this is granted again. */
const renewSeconds = 86_400n;

/** Makes the buyer ready to order through `session`; sends only what is missing. Returns the kinds sent. */
export async function prepareBuyer(
  client: ChainClient,
  { buyer, session }: { buyer: AccountSigner; session: Address },
): Promise<string[]> {
  const [account, grant, now] = await Promise.all([
    readAccount(client, buyer.address),
    readSession(client, { buyer: buyer.address, key: session }),
    chainTime(client),
  ]);
  const intents: Intent[] = [];
  // Also names the amount in the key, so that the next fill-up is not taken for this one.
  const amount = escrowWanted - account.free;
  if (amount > escrowWanted / 2n) intents.push(await deposit(client, { owner: buyer, amount, id: `${now}` }));
  if (!grant.live || BigInt(grant.expiresAt) < now + renewSeconds)
    intents.push(grantSession(client, { key: session, dailyCap: sessionDailyCap, expiresAt: now + sessionSeconds }));
  await sendAll(client, buyer, intents);
  return intents.map(({ kind }) => kind);
}

/** Sends in order without waiting in between; resolves when all are mined. */
export async function sendAll(client: ChainClient, signer: AccountSigner, intents: readonly Intent[]): Promise<void> {
  if (intents.length === 0) return;
  const sender = new Sender(client, { signer, store: memoryStore(), clock: foregroundClock });
  try {
    await Promise.all(intents.map((intent) => sender.send(intent)));
  } finally {
    sender.close();
  }
}
