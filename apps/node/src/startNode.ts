// A provider node over its ports: wires the loops together, starts and stops them. Reads no environment and opens no
// file or socket itself; main.ts and the testkit build the ports, and close them after `stop`.
import { create as createBook } from "@weft/market/Book";
import { peerOfEndpoint } from "@weft/protocol/endpoint";
import type { Peer } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Hex } from "viem";
import { AuditBoard, type Duty } from "./auditor/AuditBoard.ts";
import { RecheckService } from "./auditor/RecheckService.ts";
import { BeaconService } from "./beacon/BeaconService.ts";
import { DrandService } from "./beacon/DrandService.ts";
import { BiddingService } from "./bidding/BiddingService.ts";
import { Discovery } from "./book/Discovery.ts";
import type { Intake } from "./book/intake.ts";
import { createDirectory } from "./book/PeerDirectory.ts";
import { serveSync } from "./book/sync.ts";
import { DrawCache } from "./chain/DrawCache.ts";
import type { CourtSummary } from "./court/CourtRecord.ts";
import { CourtService } from "./court/CourtService.ts";
import { defaultCourtLimits } from "./court/courtLimits.ts";
import type { DisputeStatus } from "./court/DisputeStatus.ts";
import { Housekeeping } from "./Housekeeping.ts";
import { serveContent } from "./holder/ContentService.ts";
import { HolderService } from "./holder/HolderService.ts";
import { LeaseBoard } from "./leases/LeaseBoard.ts";
import { MoneyService } from "./money/MoneyService.ts";
import type { NodeContext, NodeFaults, NodeSettings } from "./NodeContext.ts";
import { OffersService } from "./offers/OffersService.ts";
import { getSetting, putSetting } from "./store/settings.ts";

export interface NodeOptions {
  nodeId: NodeId;
  networkId: string;
  settings: Partial<NodeSettings> & Pick<NodeSettings, "pools">;
  faults?: NodeFaults;
}

export type NodePorts = Pick<
  NodeContext,
  | "clock"
  | "random"
  | "transport"
  | "log"
  | "chain"
  | "operator"
  | "runtime"
  | "replay"
  | "courtProgram"
  | "openDispute"
  | "drand"
  | "store"
  | "blobs"
>;

export interface NodeStatus {
  nodeId: NodeId;
  chainTime: string;
  peers: number;
  offers: number;
  offersKnown: number;
  ordersKnown: number;
  /** Why no new work is taken, if so. */
  closed: string | undefined;
  leases: { leaseId: Hex; phase: string; state: string | undefined; segments: number; earned: string }[];
  /** Disputes that this node has a side in. */
  disputes: DisputeStatus[];
  /** The same in numbers. */
  court: CourtSummary;
  /** Gossip and vouchers refused, by code. */
  refused: Record<string, number>;
  rssMb: number;
}

/** What an owner may ask of a running node. */
export type Openness = "open" | "paused" | "draining";

export interface RunningNode {
  readonly nodeId: NodeId;
  status(): NodeStatus;
  /**
   * Paused: no new work, and offers that are out are cancelled on chain. Draining: the same, no audit is begun, and the
   * node's duty to the beacon ends. Survives restarts.
   */
  setOpenness(openness: Openness): void;
  /** Leases and disputes that still need this process; a drained node with none may stop for good. */
  activeLeases(): number;
  stop(): Promise<void>;
}

export const defaultSettings: Omit<NodeSettings, "pools"> = {
  priceJitterPpm: 0n,
  caps: { threads: 1, memoryMiB: 2048, leases: 1, holdMiB: 4096 },
  court: defaultCourtLimits,
  region: 0n,
  offerIntervalSeconds: 15,
  maxUnpaidSegments: 3,
  announce: [],
};

export async function startNode(options: NodeOptions, ports: NodePorts): Promise<RunningNode> {
  const life: Life = { openness: openingState(ports), stopping: false };
  const context = contextOf(options, ports, life);
  const board = new LeaseBoard(context);
  const bidding = new BiddingService(context, { activeLeases: () => board.active() });
  const offers = new OffersService(context, () => board.active());
  const leaving = () => leavingOf(life) !== undefined;
  const court = new CourtService(context, { leaving });
  const duty: Duty = {
    ...{ busy: () => board.active() > 0, leaving },
    onFalse: (lease, commitment, materials) => court.found(lease, commitment, materials),
  };
  const services = [
    offers,
    bidding,
    new HolderService(context),
    new MoneyService(context, board),
    court,
    new AuditBoard(context, duty),
    new RecheckService(context, duty),
    ports.drand === undefined
      ? new BeaconService(context, () => leavingOf(life))
      : new DrandService(context, ports.drand),
    new Discovery(context, (message) => bidding.onOrder(message)),
    new Housekeeping(context),
  ];
  serveSync(ports.transport, {
    book: context.intake.book,
    directory: context.intake.directory,
    replyOf: (orderHash) => context.gateways.get(orderHash as Hex),
  });
  serveContent(context, board);
  board.start();
  for (const service of services) service.start();
  return {
    nodeId: options.nodeId,
    status: () => statusOf(context, { board, offers, court }),
    setOpenness: (openness) => {
      if (life.openness === openness) return;
      life.openness = openness;
      putSetting(ports.store, { name: "paused", value: openness });
    },
    activeLeases: () => board.active() + court.active(),
    stop: async () => {
      life.stopping = true;
      await Promise.all([board.stop(), ...services.map((service) => service.stop())]);
    },
  };
}

interface Life {
  openness: Openness;
  stopping: boolean;
}

function leavingOf({ stopping, openness }: Life): "stopping" | "draining" | undefined {
  if (stopping) return "stopping";
  return openness === "draining" ? "draining" : undefined;
}

function openingState({ store }: NodePorts): Openness {
  const kept = getSetting(store, { name: "paused" });
  return kept === "paused" || kept === "draining" ? kept : "open";
}

function contextOf(options: NodeOptions, ports: NodePorts, life: Life): NodeContext {
  const { transport, chain } = ports;
  const settings: NodeSettings = { ...defaultSettings, ...options.settings };
  const directory = createDirectory();
  const intake: Intake = {
    ...{ network: chain.network, book: createBook(), directory, refused: new Map(), relayed: new Map() },
    view: () => chain.view(),
    contractSigned: (query) => chain.contractSigned(query),
    nowMs: () => ports.clock.now(),
  };
  const self = (): Peer => ({
    peerId: transport.peerId,
    addresses: (settings.announce.length > 0 ? [...settings.announce] : transport.addresses()).slice(0, 8),
  });
  return {
    ...ports,
    ...{ nodeId: options.nodeId, networkId: options.networkId, settings, intake, self },
    faults: options.faults ?? {},
    draws: new DrawCache(chain),
    gateways: new Map(),
    closed: () => (life.stopping ? "stopping" : life.openness === "open" ? undefined : life.openness),
    peerOf: (nodeId) => directory.peers.get(nodeId) ?? peerOfEndpoint(chain.endpoints().get(nodeId) ?? ""),
  };
}

function statusOf(
  context: NodeContext,
  parts: { board: LeaseBoard; offers: OffersService; court: CourtService },
): NodeStatus {
  const { chain, transport, intake } = context;
  return {
    nodeId: context.nodeId,
    chainTime: chain.now().toString(),
    peers: transport.peers().length,
    offers: parts.offers.standing().length,
    offersKnown: intake.book.offers.size,
    ordersKnown: intake.book.orders.size,
    closed: context.closed(),
    leases: parts.board.runs().map(({ leaseId, phase, pipeline }) => ({
      ...{ leaseId, phase, state: chain.lease(leaseId)?.state, segments: pipeline.count },
      earned: (pipeline.earning()?.cumulative ?? 0n).toString(),
    })),
    disputes: parts.court.status(),
    court: parts.court.summary(),
    refused: Object.fromEntries(intake.refused),
    rssMb: Math.round(process.memoryUsage.rss() / 1048576),
  };
}
