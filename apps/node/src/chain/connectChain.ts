// NodeChain over packages/chain: facts mapped from the live snapshot when asked for, reads at the head, and the
// operator's transactions through one Sender whose records survive a kill.

import { abis } from "@weft/chain/Abis";
import { batchClaim } from "@weft/chain/actions/batchClaim";
import { bringRound } from "@weft/chain/actions/bringRound";
import { burnSlashed } from "@weft/chain/actions/burnSlashed";
import { cancelOffers } from "@weft/chain/actions/cancelOffers";
import { claim } from "@weft/chain/actions/claim";
import { claimAccrued } from "@weft/chain/actions/claimAccrued";
import { closeLease } from "@weft/chain/actions/closeLease";
import { closeUnstarted } from "@weft/chain/actions/closeUnstarted";
import { commitAudit } from "@weft/chain/actions/commitAudit";
import { commitSegment } from "@weft/chain/actions/commitSegment";
import { enrolBeacon } from "@weft/chain/actions/enrolBeacon";
import { openAudit } from "@weft/chain/actions/openAudit";
import { penaliseBeacon } from "@weft/chain/actions/penaliseBeacon";
import { proveHeld } from "@weft/chain/actions/proveHeld";
import { release } from "@weft/chain/actions/release";
import { requestBeacon } from "@weft/chain/actions/requestBeacon";
import { resolveTimeout } from "@weft/chain/actions/resolveTimeout";
import { retireBeacon } from "@weft/chain/actions/retireBeacon";
import { retract } from "@weft/chain/actions/retract";
import { revealAudit } from "@weft/chain/actions/revealAudit";
import { revealBeacon } from "@weft/chain/actions/revealBeacon";
import { setEndpoint } from "@weft/chain/actions/setEndpoint";
import { settle } from "@weft/chain/actions/settle";
import { startLease } from "@weft/chain/actions/startLease";
import type { ChainClient } from "@weft/chain/ChainClient";
import type { ChainStore } from "@weft/chain/ChainStore";
import { type LeaseFacts, leaseFacts, segmentFacts, usedAuditors } from "@weft/chain/facts";
import type { Intent } from "@weft/chain/Intent";
import type { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import { marketViewOf } from "@weft/chain/marketView";
import { isTransient } from "@weft/chain/Reverts";
import { readCommitment } from "@weft/chain/readCommitment";
import { type BeaconClock, readAudit, readChannel, readDraw, readRandom } from "@weft/chain/reads";
import type { Sender } from "@weft/chain/Sender";
import { auditStates } from "@weft/chain/Snapshot";
import { readUnburnt, wasBurntLately } from "@weft/chain/slashed";
import type { Signer } from "@weft/protocol/Domain";
import type { NodeId } from "@weft/protocol/NodeId";
import { paramsHash } from "@weft/protocol/Params";
import * as Segment from "@weft/protocol/Segment";
import { type Address, concat, encodeAbiParameters, type Hex, keccak256, parseEventLogs } from "viem";
import { connectCourt } from "./connectCourt.ts";
import type { Mined, NodeChain } from "./NodeChain.ts";
import { readStanding } from "./readStanding.ts";

export interface ConnectChainOptions {
  client: ChainClient;
  live: LiveSnapshot;
  sender: Sender;
  store: ChainStore;
  beacon: BeaconClock;
  nodeId: NodeId;
  /** First block of the deployment. */
  fromBlock: bigint;
  former?: FormerKeys;
}

/** Keys of operators that the node had before. */
export interface FormerKeys {
  addresses(): readonly Address[];
  open(address: Address): Promise<Signer>;
}

const zeroAddress = `0x${"0".repeat(40)}` as const;
const zeroTip: Hex = `0x${"0".repeat(64)}`;

/** The chain for one node. Stopping it stops the sender; the live snapshot is its owner's to stop. */
export function connectChain(options: ConnectChainOptions): NodeChain {
  const { live, sender, client } = options;
  let rewinds = 0;
  const listeners = new Set<() => void>();
  const unsubscribe = live.subscribe((_, item) => {
    if (item.kind === "rewind") {
      rewinds += 1;
      void sender.rewound(item.toBlock);
    }
    for (const listener of listeners) listener();
  });
  return {
    network: client.network,
    params: client.params,
    paramsHash: paramsHash(client.params),
    blockSeconds: client.profile.blockSeconds,
    court: connectCourt(options),
    now: () => live.current.timestamp,
    rewinds: () => rewinds,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ...snapshotFacts(options),
    ...headReads(options),
    ...transactions(options),
    gasSpent: () => new Map([...options.store.gasByKind()].map(([kind, { gasUsed }]) => [kind, gasUsed])),
    stop: async () => {
      unsubscribe();
      listeners.clear();
      sender.close();
    },
  };
}

type Facts = Pick<
  NodeChain,
  | "view"
  | "lease"
  | "leasesOf"
  | "segments"
  | "fillsOf"
  | "openSegments"
  | "endpoints"
  | "beacon"
  | "duties"
  | "broughtRounds"
  | "enrolment"
>;

function snapshotFacts(options: ConnectChainOptions): Facts {
  const { live, client, nodeId } = options;
  const hash = paramsHash(client.params);
  return {
    view: () => {
      const snapshot = live.current;
      if (snapshot.block === 0n) return undefined;
      const matcher = { address: zeroAddress, fee: 0n };
      return marketViewOf(snapshot, { params: client.params, paramsHash: hash, now: snapshot.timestamp, matcher });
    },
    lease: (leaseId) => leaseFacts(live.current, leaseId, live.current.timestamp),
    leasesOf: (owner) => leasesWhere(live, (lease) => lease.nodeId === owner && lease.state !== "settled"),
    segments: (leaseId) => segmentFacts(live.current, leaseId),
    fillsOf: (orderHash) =>
      (live.current.orders.get(orderHash) ?? []).map((leaseId) => {
        return { leaseId, segments: live.current.leases.get(leaseId)?.segmentCount ?? 0 };
      }),
    openSegments: () =>
      leasesWhere(live, ({ state }) => state === "running" || state === "closing" || state === "settling").flatMap(
        (lease) => segmentFacts(live.current, lease.leaseId).map((segment) => ({ lease, segment })),
      ),
    endpoints: () => new Map([...live.current.nodes.entries()].map(([id, node]) => [id as NodeId, node.endpoint])),
    beacon: () => ({
      ...options.beacon,
      requested: [...live.current.rounds.values()]
        .filter(({ requestedAt, revealed }) => requestedAt !== undefined && !revealed.includes(nodeId))
        .map(({ round }) => round),
    }),
    duties: () => ({
      rounds: [...live.current.rounds.values()].filter(({ requestedAt }) => requestedAt !== undefined),
      enrolments: [...live.current.enrolments.values()].map((one) => ({ ...one, lastRound: one.retiredRound })),
    }),
    broughtRounds: () =>
      new Set([...live.current.rounds.values()].flatMap((one) => (one.broughtAt === undefined ? [] : [one.round]))),
    enrolment: async () => {
      const found = live.current.enrolments.get(nodeId);
      const retiredRound = found?.retiredRound;
      if (found === undefined || retiredRound !== undefined) return { tip: zeroTip, tipRound: 0n, retiredRound };
      return { tip: found.tip, tipRound: found.tipRound, retiredRound };
    },
  };
}

function leasesWhere(live: LiveSnapshot, test: (lease: LeaseFacts) => boolean): LeaseFacts[] {
  return [...live.current.leases.keys()]
    .map((leaseId) => leaseFacts(live.current, leaseId as Hex, live.current.timestamp))
    .filter((lease): lease is LeaseFacts => lease !== undefined && test(lease));
}

type Reads = Pick<
  NodeChain,
  "random" | "draw" | "audit" | "commitment" | "stoodFor" | "channel" | "settleableAt" | "slashed" | "contractSigned"
>;

function headReads(options: ConnectChainOptions): Reads {
  const { client, live, fromBlock } = options;
  /** The snapshot lets go of a lease's segments when it is settled; the log has them for ever. */
  const settled = async (leaseId: Hex, segment: bigint) => {
    if (live.current.leases.get(leaseId)?.state !== "settled") return undefined;
    const commitment = await readCommitment(client, { leaseId, segment, fromBlock });
    return { commitmentHash: Segment.hash(commitment), beaconRound: commitment.beaconRound };
  };
  return {
    random: (round) => readRandom(client, round),
    draw: async (leaseId, segment) => {
      const draw = await readDraw(client, { leaseId, segment });
      const known =
        segmentFacts(live.current, leaseId).find((one) => one.segment === segment) ?? (await settled(leaseId, segment));
      const value = draw.ready && known !== undefined ? await readRandom(client, known.beaconRound) : undefined;
      if (known === undefined || value === undefined) return { ...draw, ready: false, seed: zeroTip };
      const seed = keccak256(
        encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [value, known.commitmentHash]),
      );
      return { ...draw, holders: lowered(draw.holders), auditors: lowered(draw.auditors), seed };
    },
    audit: async (leaseId, segment) => {
      const found = await readAudit(client, { leaseId, segment });
      return {
        state: auditStates[found.state] ?? "none",
        used: usedAuditors(live.current, leaseId, segment),
        accusers: found.accusers,
        deadline: BigInt(found.deadline),
        endsAt: BigInt(found.endsAt),
        auditor: BigInt(found.auditor) === 0n ? undefined : (found.auditor.toLowerCase() as NodeId),
        auditCommitment: found.auditCommitment,
        seed: found.seed,
      };
    },
    commitment: (leaseId, segment) => readCommitment(client, { leaseId, segment, fromBlock }),
    stoodFor: (query) => {
      const proven = leaseFacts(live.current, query.heir, live.current.timestamp)?.accrue === true;
      return readStanding(client, { ...query, proven, fromBlock: options.fromBlock });
    },
    channel: async (leaseId) => {
      const channel = await readChannel(client, leaseId);
      const { claimed, pending, released, releasable, anchored, claimUntil, frozenUntil } = channel;
      return {
        ...{ claimed, pending, released, releasable, anchored },
        ...{ claimUntil: BigInt(claimUntil), frozenUntil: BigInt(frozenUntil) },
      };
    },
    settleableAt: (leaseId) =>
      client.rpc.readContract({
        ...{ address: client.network.contracts.market, abi: abis.market },
        ...{ functionName: "settleableAt", args: [leaseId] },
      }),
    slashed: async ({ within }) => ({
      unburnt: await readUnburnt(client),
      burntLately: await wasBurntLately(client, { seconds: within }),
    }),
    contractSigned: async ({ account, digest, signature }) => {
      try {
        const magic = await client.rpc.readContract({
          ...{ address: account, abi: erc1271, functionName: "isValidSignature", args: [digest, signature] },
        });
        return magic === "0x1626ba7e";
      } catch (error) {
        if (isTransient(error)) throw error;
        // No contract there, or one that reverts: nobody signed.
        return false;
      }
    },
  };
}

const lowered = (ids: readonly NodeId[]): NodeId[] => ids.map((id) => id.toLowerCase() as NodeId);

const erc1271 = [
  {
    type: "function",
    name: "isValidSignature",
    stateMutability: "view",
    inputs: [
      { name: "hash", type: "bytes32" },
      { name: "signature", type: "bytes" },
    ],
    outputs: [{ name: "magic", type: "bytes4" }],
  },
] as const;

type Transactions = Omit<
  NodeChain,
  | keyof Facts
  | keyof Reads
  | "network"
  | "params"
  | "paramsHash"
  | "blockSeconds"
  | "court"
  | "now"
  | "rewinds"
  | "onChange"
  | "gasSpent"
  | "stop"
>;

function transactions({ client, sender, nodeId, live }: ConnectChainOptions): Transactions {
  const send = async (intent: Intent): Promise<Mined> => {
    const { hash, blockNumber, gasUsed } = await sender.send(intent);
    return { hash, blockNumber, gasUsed };
  };
  const now = () => live.current.timestamp.toString();
  return {
    cancelOffers: (query) => send(cancelOffers(client, { nodeId, ...query })),
    setEndpoint: (endpoint, region) =>
      send(
        setEndpoint(client, { nodeId, endpoint, region, id: keccak256(concat([textHex(endpoint), textHex(now())])) }),
      ),
    start: (leaseId) => send(startLease(client, { leaseId })),
    close: (leaseId, reason) => send(closeLease(client, { leaseId, reason })),
    closeUnstarted: (leaseId) => send(closeUnstarted(client, { leaseId })),
    settle: (leaseId) => send(settle(client, { leaseId })),
    commitSegment: (segment, offerHash) => send(commitSegment(client, { segment, offerHash })),
    retract: (taken) => send(retract(client, taken)),
    proveHeld: (commitment, held) => send(proveHeld(client, { commitment, held })),
    claim: (voucher) => send(claim(client, voucher)),
    batchClaim: (vouchers) => send(batchClaim(client, { vouchers })),
    claimAccrued: (channelId, anchored) => send(claimAccrued(client, { channelId, anchored })),
    release: async (channelId, { released, releasable }) => {
      const { hash, blockNumber, gasUsed, receipt } = await sender.send(
        release(client, { channelId, released, releasable }),
      );
      const moved = parseEventLogs({ abi: abis.channels, eventName: "Released", logs: receipt.logs });
      return { hash, blockNumber, gasUsed, amount: moved.reduce((sum, { args }) => sum + args.amount, 0n) };
    },
    openAudit: (leaseId, segment) => send(openAudit(client, { leaseId, segment })),
    commitAudit: (verdict) => send(commitAudit(client, verdict)),
    revealAudit: (reveal) => send(revealAudit(client, reveal)),
    resolveTimeout: ({ leaseId, segment, deadline }) =>
      send(resolveTimeout(client, { leaseId, segment, id: deadline.toString() })),
    requestBeacon: (round) => send(requestBeacon(client, { round })),
    revealBeacon: ({ round, preimage }) => send(revealBeacon(client, { nodeId, round, preimage })),
    enrolBeacon: (tip) => send(enrolBeacon(client, { nodeId, tip })),
    retireBeacon: (tip) => send(retireBeacon(client, { nodeId, id: tip })),
    penaliseBeacon: (miss) => send(penaliseBeacon(client, miss)),
    burnSlashed: (id) => send(burnSlashed(client, { id: `${sender.address}/${id}` })),
    bringRound: (brought) => send(bringRound(client, brought)),
  };
}

const textHex = (text: string): Hex => `0x${Buffer.from(text, "utf8").toString("hex")}`;
