// What the HTTP face asks of the gateway; startGateway.ts builds it, tests may build it without a network.
import type { JobEvent } from "@weft/protocol/JobEvent";

export interface JobSummary {
  jobId: string;
  name: string;
  phase: string;
  createdAt: number;
  endedAt: number | null;
  leaseId?: string;
  nodeId?: string;
  nextStep?: number;
  totalSteps?: number;
}

export interface GatewayService {
  network(): unknown;
  putBlob(body: ReadableStream<Uint8Array> | null): Promise<{ contentId: string; bytes: number }>;
  createJob(request: unknown): Promise<{ jobId: string }>;
  listJobs(): JobSummary[];
  getJob(jobId: string): JobSummary;
  cancelJob(jobId: string): Promise<{ jobId: string; cancelled: boolean }>;
  followJob(jobId: string, fromSeq: number): (signal: AbortSignal) => AsyncIterable<JobEvent>;
  checkpoint(jobId: string): Promise<Uint8Array>;
  quote(request: unknown): Promise<unknown>;
  listOffers(): object[];
  listLeases(): object[];
  listOrders(): object[];
  /** What a segment of a lease is replayed from, with the order and its opened details. */
  materials(leaseId: string, segment: number): object;
  /** A corpus or checkpoint of a job. */
  content(contentId: string): Promise<Uint8Array>;
  wallet(): Promise<object>;
  status(): Promise<object>;
}
