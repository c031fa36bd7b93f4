// `weft node rotate-operator`: another operator key, and the old one's money for bonds with it.
import { join } from "node:path";
import { rotateOperator as rotateIntent } from "@weft/chain/actions/rotateOperator";
import { sendMoney } from "@weft/chain/actions/sendMoney";
import { withdrawBond } from "@weft/chain/actions/withdrawBond";
import type { ChainClient } from "@weft/chain/ChainClient";
import { signOperatorConsent } from "@weft/chain/consents";
import { readBondDeposit } from "@weft/chain/courtReads";
import { type AccountSigner, signerOf } from "@weft/chain/Keys";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { balances, chainTime, readNode } from "@weft/chain/reads";
import { readOwnRivals } from "@weft/court/ownRivals";
import { openKey } from "@weft/host/keystore/keystore";
import { devPassword } from "@weft/host/keystore/password";
import { beginRotation, settleRotation } from "@weft/host/keystore/rotation";
import { WeftError } from "@weft/protocol/Errors";
import type { Address } from "viem";
import type { Context } from "../Context.ts";
import { amountOf } from "../render/figures.ts";
import { sendAll } from "../start/buyer.ts";
import { type Need, topUp } from "../start/faucet.ts";
import { fundOperator } from "../start/fundOperator.ts";
import { keystoreOf, nodeKeys, passwordFile } from "../start/keys.ts";
import { readNetwork } from "../start/network.ts";
import { needsOf, nodeIdFor } from "../start/registerNode.ts";

/**
 * New key on disk, then on chain, then in place: a crash at any point is continued by running it again. What the old key has in the
 * court and in its account moves to the new one; bonds in games stay, and come back to the old key.
 * @throws WeftError `node.disputes` while a challenge of the old key's is in, unless forced
 */
export async function rotateOperator(
  context: Context,
  flags: { name: string; force?: boolean; fund?: boolean },
): Promise<number> {
  const file = readNetwork(context.home);
  const client = NetworkFile.clientOf(file);
  const folder = keystoreOf(context.home, flags.name);
  const { owner, operator: old } = await nodeKeys(context.home, flags.name);
  const nodeId = nodeIdFor(owner.signer);
  const password = devPassword(passwordFile(folder));
  const sponsors = [old.signer.address];
  const rivals = await readOwnRivals(client, { sponsors, fromBlock: file.fromBlock });
  if (rivals.length > 0 && flags.force !== true) throw inCourt(rivals.length);
  const { next } = await beginRotation(folder, { password, cost: "light" });
  const node = await readNode(client, nodeId);
  if (node.operator.toLowerCase() !== next.toLowerCase()) {
    const operator = signerOf((await openKey(join(folder, "operator.next.json"), { password })).secretBytes());
    const nonce = BigInt(node.operatorNonce);
    const consent = await signOperatorConsent(client.network, { nodeId, operator, nonce });
    // The money for bonds comes from the old key.
    const [ownersNeed, need] = await needsOf(client, flags.name, { owner: owner.signer, operator });
    const needs: [Need, Need] = [ownersNeed, { ...need, stable: 0n }];
    if (flags.fund) await fundOperator(client, owner.signer, needs);
    else await topUp(client, needs);
    await sendAll(client, owner.signer, [rotateIntent(client, { nodeId, operator: next, consent })]);
  }
  const moved = await moveMoney(client, { from: old.signer, to: next });
  const chainOperator = (await readNode(client, nodeId)).operator.toLowerCase() as Address;
  settleRotation(folder, { chainOperator });
  context.say(`the operator of ${flags.name} is now ${chainOperator}; restart the node to use it`);
  if (moved > 0n) context.say(`${amountOf(moved)} for bonds moved with it`);
  if (rivals.length > 0)
    context.say(
      `${rivals.length} challenges are still the old key's: the node plays them on; afterwards: weft node court withdraw`,
    );
  context.emit({ kind: "summary", ok: true, nodeId, operator: chainOperator, moved, challenges: rivals.length });
  return 0;
}

const inCourt = (count: number): WeftError =>
  new WeftError(`${count} challenges of this operator are in the court, with their bonds`, {
    code: "node.disputes",
    fault: "us",
    details: { challenges: count },
    remedy:
      "wait for their end (weft node court status), or pass --force: the node plays on with both keys, which must stay in its keystore",
  });

/** What the old key has in the court, then what it has in its account. Stablecoin units. */
async function moveMoney(client: ChainClient, { from, to }: { from: AccountSigner; to: Address }): Promise<bigint> {
  // A rotation that was begun before is continued: the key in place is the new one already.
  if (from.address.toLowerCase() === to.toLowerCase()) return 0n;
  const id = `${from.address}/${await chainTime(client)}`;
  const deposit = await readBondDeposit(client, from.address);
  if (deposit > 0n) await sendAll(client, from, [withdrawBond(client, { amount: deposit, to, id })]);
  const { stable } = await balances(client, from.address);
  await sendAll(client, from, sendMoney(client, { to, stable, id }));
  return deposit + stable;
}
