// Fills the gateway's chain port over packages/chain: facts from the followed snapshot, reads at the head, and the
// gateway's own transactions, sent by its session key.
import { closeLease } from "@weft/chain/actions/closeLease";
import { closeUnstarted } from "@weft/chain/actions/closeUnstarted";
import { markInputsReady } from "@weft/chain/actions/markInputsReady";
import { openLease } from "@weft/chain/actions/openLease";
import { reportEquivocation } from "@weft/chain/actions/reportEquivocation";
import { settle } from "@weft/chain/actions/settle";
import { leaseFacts, segmentFacts } from "@weft/chain/facts";
import type { Intent } from "@weft/chain/Intent";
import { marketViewOf } from "@weft/chain/marketView";
import { readCommitments, readSignedCommitment } from "@weft/chain/readCommitment";
import { readDraw } from "@weft/chain/reads";
import type { Snapshot } from "@weft/chain/Snapshot";
import type { Clock } from "@weft/protocol/Clock";
import { WeftError } from "@weft/protocol/Errors";
import { peerOfEndpoint } from "@weft/protocol/endpoint";
import * as Offer from "@weft/protocol/Offer";
import { paramsHash } from "@weft/protocol/Params";
import type { Address, Hex } from "viem";
import type { GatewayChain, Mined } from "../GatewayContext.ts";
import type { ChainParts } from "./ChainParts.ts";
import { disputesOf } from "./disputesOf.ts";
import { auditPayments, leaseGas } from "./leaseHistory.ts";

/** How long a mined transaction may take to show in the followed snapshot. */
const seenTimeoutMs = 20_000;

export function connectChain(parts: ChainParts): GatewayChain {
  const { client, live, sender, clock } = parts;
  const hash = paramsHash(client.params);
  const matcher = { address: sender.address.toLowerCase() as Address, fee: 0n };
  const now = () => chainNow(live.current, clock);
  return {
    network: client.network,
    params: client.params,
    paramsHash: hash,
    courtId: parts.courtId,
    blockSeconds: client.profile.blockSeconds,
    now,
    view: () => marketViewOf(live.current, { params: client.params, paramsHash: hash, now: now(), matcher }),
    caughtUp: async () => {
      await live.reach(await client.rpc.getBlockNumber(), seenTimeoutMs);
    },
    onChange: (listener) => live.subscribe(() => listener()),
    lease: (leaseId) => leaseFacts(live.current, leaseId, now()),
    segments: (leaseId) => segmentFacts(live.current, leaseId),
    commitments: (leaseId) => readCommitments(client, { leaseId, fromBlock: parts.fromBlock }),
    signedCommitment: (leaseId, segment) =>
      readSignedCommitment(client, { leaseId, segment, fromBlock: parts.fromBlock }),
    draw: (leaseId, segment) => readDraw(client, { leaseId, segment }),
    ...disputesOf(parts),
    endpointOf: (nodeId) => peerOfEndpoint(live.current.nodes.get(nodeId)?.endpoint ?? ""),
    auditPayments: (leaseId) => auditPayments(parts, leaseId),
    leaseGas: (leaseId) => leaseGas(parts, leaseId),
    ...transactions(parts),
    stop: async () => {
      sender.close();
      await live.stop();
    },
  };
}

/** Block time has whole seconds and lags; the clock moves on in between. */
function chainNow(snapshot: Snapshot, clock: Clock): bigint {
  const wall = BigInt(Math.floor(clock.now() / 1000));
  return wall > snapshot.timestamp ? wall : snapshot.timestamp;
}

type Transactions = Pick<
  GatewayChain,
  "open" | "close" | "markInputsReady" | "closeUnstarted" | "settle" | "reportEquivocation"
>;

function transactions({ client, live, sender }: ChainParts): Transactions {
  const send = async (intent: Intent): Promise<Mined> => {
    const { hash, blockNumber, gasUsed } = await sender.send(intent);
    await live.reach(blockNumber, seenTimeoutMs);
    return { hash, blockNumber, gasUsed };
  };
  return {
    open: ({ offer, order, fill, previous }) =>
      send(
        openLease(client, {
          offer,
          order,
          fill,
          ...(previous === undefined ? {} : { previousOfferHash: Offer.hash(previous.offer) }),
        }),
      ),
    close: async (leaseId, reason) => {
      const mined = await unless(["market.WrongState"], send(closeLease(client, { leaseId, reason })));
      // Whoever closed it: what is decided next must not see it open.
      await live.until((snapshot) => (isOpen(snapshot, leaseId) ? undefined : true), seenTimeoutMs);
      return mined;
    },
    markInputsReady: ({ leaseId, jobCommitment }, held) =>
      unless(
        ["market.WrongState", "market.StartTooLate"],
        send(markInputsReady(client, { leaseId, jobCommitment, held })),
      ),
    closeUnstarted: (leaseId) =>
      unless(["market.WrongState", "market.StartStillPossible"], send(closeUnstarted(client, { leaseId }))),
    settle: (leaseId) =>
      unless(
        ["market.WrongState", "market.SettleTooEarly", "channels.ChannelFrozen"],
        send(settle(client, { leaseId })),
      ),
    reportEquivocation: (first, second) =>
      unless(["audits.SegmentVoided", "audits.LeaseOver"], send(reportEquivocation(client, { first, second }))),
  };
}

const isOpen = (snapshot: Snapshot, leaseId: Hex): boolean =>
  ["open", "inputsReady", "running"].includes(snapshot.leases.get(leaseId)?.state ?? "");

/** Refusals that mean that somebody else was first, or that it is early. */
async function unless(codes: readonly string[], sent: Promise<Mined>): Promise<Mined | undefined> {
  try {
    return await sent;
  } catch (error) {
    if (error instanceof WeftError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
