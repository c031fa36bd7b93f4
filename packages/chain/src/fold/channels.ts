// Money: balances, bonds, sessions, claims. Mirrors Channels.sol event by event, so that a fold equals its views.
import type { Address, Hex } from "viem";
import { accountOf, type Snapshot, sessionKey } from "../Snapshot.ts";
import { editAccount, editChannel, editNode, type Reducers, withEntry } from "./reducer.ts";

export const channels: Reducers<"channels"> = {
  Deposited: (state, { account, amount }) => editAccount(state, account, ({ free }) => ({ free: free + amount })),
  Withdrawn: (state, { account, amount }) => editAccount(state, account, ({ earned }) => ({ earned: earned - amount })),
  ExitRequested: (state, { account, amount, exitAt }) =>
    editAccount(state, account, ({ free, exiting }) => ({
      free: free + exiting - amount,
      exiting: amount,
      exitAt: BigInt(exitAt),
    })),
  Exited: (state, { account }) => editAccount(state, account, () => ({ exiting: 0n })),
  EarningsKept: (state, { account, amount }) =>
    editAccount(state, account, ({ free, earned }) => ({ free: free + amount, earned: earned - amount })),
  BondsFunded: (state, { nodeId, owner, amount }) => moveBond(state, { nodeId, owner, amount }),
  BondsDefunded: (state, { nodeId, owner, amount }) => moveBond(state, { nodeId, owner, amount: -amount }),
  SessionGranted: (state, { buyer, key, dailyCap, expiresAt, anyPayee, nodeIds }) => {
    const before = state.sessions.get(sessionKey(buyer, key));
    const { sessionEpoch } = accountOf(state, buyer);
    const spent = { day: before?.day ?? 0n, spentAtMost: before?.spentAtMost ?? 0n };
    const session = { buyer, key, dailyCap, expiresAt, anyPayee, nodeIds, sessionEpoch, ...spent };
    return { ...state, sessions: state.sessions.set(sessionKey(buyer, key), session) };
  },
  SessionsRevoked: (state, { buyer, sessionEpoch }) =>
    editAccount(state, buyer, () => ({ sessionEpoch: BigInt(sessionEpoch) })),
  BuyerEpochBumped: (state, { buyer, buyerEpoch }) =>
    editAccount(state, buyer, () => ({ buyerEpoch: BigInt(buyerEpoch) })),
  Claimed: (state, { channelId, claimed }, at) =>
    editChannel(state, channelId, () => ({ claimed, lastClaimAt: at.timestamp })),
  Anchored: (state, { channelId, anchored }) => editChannel(state, channelId, () => ({ anchored })),
  Released: (state, { channelId, owner, amount }) =>
    editAccount(
      editChannel(state, channelId, ({ released }) => ({ released: released + amount })),
      owner,
      ({ earned }) => ({ earned: earned + amount }),
    ),
  AuditPaid: (state, { channelId, to, amount }) =>
    editAccount(
      editChannel(state, channelId, ({ auditSpent }) => ({ auditSpent: auditSpent + amount })),
      to,
      ({ earned }) => ({ earned: earned + amount }),
    ),
  Frozen: (state, { channelId, by, until }) =>
    editChannel(state, channelId, ({ frozen }) => ({ frozen: withEntry(frozen, by, BigInt(until)) })),
  Unfrozen: (state, { channelId, by }) =>
    editChannel(state, channelId, ({ frozen }) => ({ frozen: withEntry(frozen, by, 0n) })),
  Voided: (state, { channelId, cap, clawedBack }) =>
    editChannel(state, channelId, ({ claimed }) => ({ cap, claimed: claimed - clawedBack })),
  BondSlashed: (state, { channelId, beneficiary, amount }) => slashBond(state, { channelId, beneficiary, amount }),
  ChannelSettled: (state, { channelId, startFee, refunded, bondReturned }) =>
    settle(state, channelId, { startFee, refunded, bondReturned }),
};

function moveBond(state: Snapshot, move: { nodeId: Hex; owner: Address; amount: bigint }): Snapshot {
  const paid = editAccount(state, move.owner, ({ free }) => ({ free: free - move.amount }));
  return editNode(paid, move.nodeId, ({ bondFree }) => ({ bondFree: bondFree + move.amount }));
}

function slashBond(state: Snapshot, slash: { channelId: Hex; beneficiary: Address; amount: bigint }): Snapshot {
  const nodeId = state.leases.get(slash.channelId)?.nodeId;
  const cut = editChannel(state, slash.channelId, ({ bondSlashed }) => ({ bondSlashed: bondSlashed + slash.amount }));
  const paid = editAccount(cut, slash.beneficiary, ({ earned }) => ({ earned: earned + slash.amount }));
  if (nodeId === undefined) return paid;
  return editNode(paid, nodeId, ({ bondLocked }) => ({ bondLocked: bondLocked - slash.amount }));
}

/** The refund and a forfeit bond go to the buyer, an unforfeited one back to the node; pay came as `Released`. */
function settle(
  state: Snapshot,
  channelId: Hex,
  end: { startFee: bigint; refunded: bigint; bondReturned: bigint },
): Snapshot {
  const lease = state.leases.get(channelId);
  if (lease === undefined) return state;
  const bond = lease.money.bond - lease.channel.bondSlashed;
  const forfeit = bond - end.bondReturned;
  const refunded = editAccount(state, lease.buyer, ({ free }) => ({ free: free + end.refunded + forfeit }));
  // `Released` counted the start fee as if it had been claimed.
  const closed = editChannel(refunded, channelId, ({ claimed }) => ({ released: claimed }));
  return editNode(closed, lease.nodeId, ({ bondFree, bondLocked }) => ({
    bondFree: bondFree + end.bondReturned,
    bondLocked: bondLocked - bond,
  }));
}
