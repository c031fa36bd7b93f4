// What every part of the gateway is handed: the ports, the book it gossips into, and its identity. No globals.
import type { LeaseFacts, SegmentFacts } from "@weft/chain/facts";
import type { DisputeState } from "@weft/chain/Snapshot";
import type { Book } from "@weft/market/Book";
import type { MarketView } from "@weft/market/MarketView";
import type { Clock } from "@weft/protocol/Clock";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import type { Network, Signer } from "@weft/protocol/Domain";
import type { SignedHeld } from "@weft/protocol/Held";
import type { JobEventBody, JobEventKind } from "@weft/protocol/JobEvent";
import type { CloseReason } from "@weft/protocol/Lease";
import type { Peer } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";
import type { SignedOffer } from "@weft/protocol/Offer";
import type { SignedOrder } from "@weft/protocol/Order";
import type { ProtocolParams } from "@weft/protocol/Params";
import type { SegmentCommitment, SignedSegment } from "@weft/protocol/Segment";
import type { TrainProgram } from "@weft/tensor/train/Program";
import type { BlobSource } from "@weft/transport/serveBlobs";
import type { Transport } from "@weft/transport/Transport";
import type { Logger } from "pino";
import type { Address, Hex } from "viem";
import type { JobStore } from "./jobs/JobStore.ts";

export interface DrawFacts {
  ready: boolean;
  sampled: boolean;
  holders: readonly NodeId[];
  auditors: readonly NodeId[];
}

export interface Mined {
  hash: Hex;
  blockNumber: bigint;
  gasUsed: bigint;
}

/** The chain as the gateway sees and uses it; chain/connectChain.ts fills it over packages/chain. */
export interface GatewayChain {
  readonly network: Network;
  readonly params: ProtocolParams;
  readonly paramsHash: Hex;
  /** The court that orders of the exact tier pin; 32 zero bytes for none. */
  readonly courtId: Hex;
  /** Seconds between blocks. */
  readonly blockSeconds: number;
  /** Chain time, Unix seconds. */
  now(): bigint;
  view(): MarketView;
  /** Resolves when the facts are those of the chain's head. @throws WeftError when the chain can't be followed now */
  caughtUp(): Promise<void>;
  /** Told after each block that changed something; returns the function that stops it. */
  onChange(listener: () => void): () => void;
  lease(leaseId: Hex): LeaseFacts | undefined;
  segments(leaseId: Hex): SegmentFacts[];
  /** Whole commitments of a lease in order, from the log: also those of a settled lease. */
  commitments(leaseId: Hex): Promise<SegmentCommitment[]>;
  /** The commitment on chain with its signature; undefined when there is none, or none that others can read. */
  signedCommitment(leaseId: Hex, segment: bigint): Promise<SignedSegment | undefined>;
  draw(leaseId: Hex, segment: bigint): Promise<DrawFacts>;
  /** Disputes over segments of these leases, as the followed snapshot has them. */
  disputes(leaseIds: ReadonlySet<Hex>): DisputeState[];
  /** All that there is to tell of them, from the chain's log. @throws WeftError of the chain */
  disputeEvents(leaseIds: ReadonlySet<Hex>): Promise<DisputeEvent[]>;
  /** What auditors earned on a lease. */
  auditPayments(leaseId: Hex): Promise<{ nodeId: NodeId; amount: bigint }[]>;
  endpointOf(nodeId: NodeId): Peer | undefined;
  /** `previous` is the offer of fill n when this is fill n + 1. */
  open(deal: { offer: SignedOffer; order: SignedOrder; fill: number; previous?: SignedOffer }): Promise<Mined>;
  close(leaseId: Hex, reason: CloseReason): Promise<Mined | undefined>;
  /** Brings a third node's word that it holds the lease's inputs; undefined when the lease moved on meanwhile. */
  markInputsReady(lease: { leaseId: Hex; jobCommitment: Hex }, held: SignedHeld): Promise<Mined | undefined>;
  /** Ends a lease whose start deadline is over; undefined when somebody else did or it has not passed. */
  closeUnstarted(leaseId: Hex): Promise<Mined | undefined>;
  settle(leaseId: Hex): Promise<Mined | undefined>;
  /** Shows two contents signed for one segment; undefined when it is void already or the lease is over. */
  reportEquivocation(first: SignedSegment, second: SignedSegment): Promise<Mined | undefined>;
  /** Gas of every transaction of a lease, by whoever sent it. */
  leaseGas(leaseId: Hex): Promise<ReadonlyMap<string, bigint>>;
  stop(): Promise<void>;
}

/** Content-addressed bytes on this machine's disk. */
export interface GatewayBlobs {
  put(
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
    options: { maxBytes: number },
  ): Promise<{ contentId: Hex; bytes: number }>;
  read(contentId: Hex): Promise<Uint8Array>;
  has(contentId: Hex): boolean;
  /** For serving in chunks; undefined when it is not stored here. */
  source(contentId: Hex): Promise<BlobSource | undefined>;
  pin(contentId: Hex, by: string): void;
  unpinAll(by: string): void;
  path(contentId: Hex): string;
}

export interface Quality {
  bitsPerByte: number;
  baselineOneChar: number;
  baselineTwoChar: number;
  heldOutBytes: number;
  sample: string;
}

/** Held-out quality and a sample of text, off the main thread. */
export type Evaluate = (input: {
  program: TrainProgram;
  corpusPath: string;
  checkpointPath: string;
  contentId: Hex;
  /** Number of the segment that would come next. */
  segment: number;
}) => Promise<Quality>;

/** Hash of the court program of an order's work (spec/court.md §1), off the main thread. */
export type FindCourtProgram = (input: {
  program: TrainProgram;
  corpusPath: string;
  /** Where the work begins; absent: in the program's own start. */
  origin?: { step: number; stateRoot: Hex };
}) => Promise<Hex>;

export interface GatewayContext {
  clock: Clock;
  random: (bytes: number) => Uint8Array;
  transport: Transport;
  log: Logger;
  chain: GatewayChain;
  session: Signer;
  buyer: Address;
  store: JobStore;
  blobs: GatewayBlobs;
  evaluate: Evaluate;
  courtProgram: FindCourtProgram;
  book: Book;
  /** The node that is being asked to hold a lease's inputs: it may read them meanwhile. */
  inputsAsked: Map<Hex, NodeId>;
  networkId: string;
  /** Where checkpoints go for the user. */
  outDir: string;
  self(): Peer;
  emit<K extends JobEventKind>(jobId: string, kind: K, body: JobEventBody<K>): void;
}
