// What every part of a running node is handed: its ports, its settings, its memory of the market. No globals.
import type { Runtime } from "@weft/compute/Runtime";
import type { CourtOptions } from "@weft/compute/tensor/courtProgram";
import type { Replay, ReplayOptions } from "@weft/compute/tensor/replaySegment";
import type { TensorSpec } from "@weft/compute/tensor/TensorRuntime";
import type { Clock } from "@weft/protocol/Clock";
import type { Signer } from "@weft/protocol/Domain";
import type { Peer } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import type { TrainProgram } from "@weft/tensor/train/Program";
import type { Corruption } from "@weft/tensor/train/Trainer";
import type { Transport } from "@weft/transport/Transport";
import type { Logger } from "pino";
import type { Hex } from "viem";
import type { DrandSource } from "./beacon/drandRelays.ts";
import type { Intake } from "./book/intake.ts";
import type { DrawCache } from "./chain/DrawCache.ts";
import type { NodeChain } from "./chain/NodeChain.ts";
import type { DisputePort } from "./court/Histories.ts";
import type { PoolPlan } from "./offers/PoolPlan.ts";
import type { Store } from "./store/Store.ts";

/** Content-addressed bytes on this machine's disk. */
export interface NodeBlobs {
  has(contentId: Hex): boolean;
  bytesOf(contentId: Hex): number | undefined;
  /** Absolute path of a content that is there. */
  path(contentId: Hex): string;
  /** Takes in a file that this node wrote itself, checking its id. @throws WeftError `blob.corrupt`, `blob.full` */
  adopt(path: string, expected: { contentId: Hex; bytes: number }): Promise<void>;
  /** Streams content in; nothing is visible before its id was checked. */
  receive(
    expected: { contentId: Hex; bytes: number },
    fill: (sink: (chunk: Uint8Array, offset: number) => Promise<void>) => Promise<void>,
  ): Promise<void>;
  read(contentId: Hex, range: { offset: number; length: number }): Promise<Uint8Array>;
  /** Keeps content until the pin's owner lets go. */
  pin(contentId: Hex, by: string): void;
  unpinAll(by: string): void;
  /** Who pins it. */
  pinsOf(contentId: Hex): readonly string[];
  /** Deletes what nobody pins and nobody touched lately. Returns bytes freed. */
  prune(): Promise<number>;
}

/** Runs a segment again; `replaySegment` of packages/compute, or a test's own. */
export type ReplayPort = (options: ReplayOptions) => Promise<Replay>;

/** Hash of an order's court program; `courtProgramOf` of packages/compute, or a test's own. */
export type CourtPort = (options: CourtOptions) => Promise<Hex>;

export interface CourtLimits {
  /** Stablecoin units locked in bonds at a time; 0: the node names no rivals. undefined: all that its operator has. */
  bonds: bigint | undefined;
  /** Gas spent on one game; a game of full depth costs a side about 1,200,000. */
  gasPerGame: bigint;
  /** Rivals of its own that are in at a time; undefined: as many as replays leave time for. Its own segments, always defended, don't count. */
  games: number | undefined;
  /** Worker processes with a history, each within the caps' memory. */
  workers: number;
}

export interface NodeSettings {
  pools: readonly PoolPlan[];
  /** Up to this much is added to the asking price per order, so that equal machines differ. */
  priceJitterPpm: bigint;
  /** Threads, memory, leases at once and bytes held for others that the owner allows. */
  caps: { threads: number; memoryMiB: number; leases: number; holdMiB: number };
  /** What the owner lets the node do in disputes. */
  court: CourtLimits;
  region: bigint;
  offerIntervalSeconds: number;
  /** Most segments without a voucher before work stops. */
  maxUnpaidSegments: number;
  /** Owners that want to be reachable at other addresses than they listen on. */
  announce: readonly string[];
}

/** Faults that tests and the testkit ask for; nothing in production passes any. */
export interface NodeFaults {
  /** Answers nobody who asks for checkpoints. */
  withholdCheckpoints?: boolean;
  /** Says that every segment it audits is false. */
  lyingAuditor?: boolean;
  /** Signs a second content for these segments of its leases and sends that one to the gateway. */
  twoContents?: (segment: bigint) => boolean;
  /** Enrols in the beacon and opens nothing. */
  withholdReveals?: boolean;
  /** Begins its leases in a state of its own making, where one is returned. */
  start?: (
    program: TrainProgram,
    said: { nextStep: number } | undefined,
  ) => { checkpoint: Uint8Array; nextStep: number } | undefined;
  /** Plays disputes with the history of a run that was corrupted so: of its own lease, or as a rival of another's. */
  history?: (about: { leaseId: Hex; side: "defender" | "rival" }) => Corruption | undefined;
  /** Signs that it holds whatever it is asked to hold, and fetches and keeps nothing. */
  lyingHolder?: boolean;
}

export interface NodeContext {
  readonly nodeId: NodeId;
  readonly networkId: string;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly transport: Transport;
  readonly log: Logger;
  readonly chain: NodeChain;
  readonly draws: DrawCache;
  readonly operator: Signer;
  readonly runtime: Runtime<TensorSpec>;
  readonly replay: ReplayPort;
  /** Where rounds of the drand network that feeds the beacon are read; absent where the stakers feed it. */
  readonly drand?: DrandSource;
  readonly courtProgram: CourtPort;
  readonly openDispute: DisputePort;
  readonly store: Store;
  readonly blobs: NodeBlobs;
  readonly intake: Intake;
  readonly settings: NodeSettings;
  readonly faults: NodeFaults;
  /** Why the node takes no new work, or undefined. */
  closed(): string | undefined;
  self(): Peer;
  /** Where a node can be reached: its gossip, else its endpoint in the Registry. */
  peerOf(nodeId: NodeId): Peer | undefined;
  /** Reply addresses of orders heard of, by order hash: their gateways. */
  readonly gateways: Map<Hex, Peer>;
}

/** Counts what was refused, for the node's status. Codes are a fixed set of this code base, so the map is bounded. */
export function countRefusal({ intake }: Pick<NodeContext, "intake">, code: string): void {
  intake.refused.set(code, (intake.refused.get(code) ?? 0) + 1);
}

/** Name under which a lease pins content. */
export const leasePin = (leaseId: Hex): string => `lease/${leaseId}`;
export const holdPin = (leaseId: Hex): string => `hold/${leaseId}`;
export const inputsPin = (leaseId: Hex): string => `hold/${leaseId}/inputs`;
export const auditPin = (leaseId: Hex, segment: bigint): string => `audit/${leaseId}/${segment}`;
export const disputePin = (leaseId: Hex, segment: bigint): string => `dispute/${leaseId}/${segment}`;
