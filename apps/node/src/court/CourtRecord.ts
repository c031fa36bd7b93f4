// What a node says of its disputes: one status each, refusals and findings that came too late once each in log and counts, and
// a summary in numbers. Memory only: the chain and the disk have what matters.
import { countRefusal, type NodeContext } from "../NodeContext.ts";
import type { DisputeSide, KeptDispute } from "../store/disputes.ts";
import { type DisputeStatus, statusOf } from "./DisputeStatus.ts";

/** In numbers, for the node's status and its metrics. */
export interface CourtSummary {
  /** Games that it has a side in, played or waiting. */
  games: Record<DisputeSide, number>;
  /** Moves that wait for a worker. */
  waitingForWorker: number;
  /** Disputes whose last replay failed. */
  replaysFailing: number;
  /** Segments that it found false and never challenged before their window was over, since it started. */
  foundTooLate: number;
  /** The end of the next turn, its own or another's, Unix seconds. */
  nextDeadline?: number;
}

type Which = Pick<KeptDispute, "commitment" | "side" | "leaseId" | "segment">;

export const keyOf = ({ side, commitment }: Pick<KeptDispute, "commitment" | "side">): string =>
  `${side}/${commitment}`;

/** Findings that came too late are shown for as long as there are no more of them. */
const mostTooLate = 32;

export class CourtRecord {
  readonly #context: Pick<NodeContext, "log" | "intake">;
  readonly #status = new Map<string, DisputeStatus>();
  /** Codes that were said, by dispute. */
  readonly #refused = new Map<string, string>();
  readonly #tooLate = new Map<string, DisputeStatus>();
  #foundTooLate = 0;

  constructor(context: Pick<NodeContext, "log" | "intake">) {
    this.#context = context;
  }

  get foundTooLate(): number {
    return this.#foundTooLate;
  }

  get(key: string): DisputeStatus | undefined {
    return this.#status.get(key);
  }

  set(which: Which, known: Parameters<typeof statusOf>[1]): void {
    this.#status.set(keyOf(which), statusOf(which, known));
  }

  all(): [string, DisputeStatus][] {
    return [...this.#status, ...this.#tooLate];
  }

  /** Why this node does not go on: said once, counted once. */
  refuse(which: Which, { code, why }: { code: string; why?: string | undefined }): void {
    const key = keyOf(which);
    this.set(which, { ...this.#status.get(key), state: "refused", code, ...(why && { why }) });
    if (this.#refused.get(key) === code) return;
    this.#refused.set(key, code);
    countRefusal(this.#context, code);
    const { leaseId, segment, side } = which;
    this.#context.log.warn({ code, why, leaseId, segment, side }, "this node does not go on in a dispute");
  }

  /** It does again. */
  goesOn(key: string): void {
    this.#refused.delete(key);
  }

  /** A segment found false that nobody can challenge any more; with what kept this node from it as long as it could. */
  tooLate(which: Which, why: "windowOver" | "settled"): void {
    const key = keyOf(which);
    if (this.#tooLate.has(key)) return;
    const { code, why: because, state } = this.#status.get(key) ?? {};
    const kept = [code ?? state, because].filter((one) => one !== undefined).join(": ");
    const { leaseId, segment } = which;
    const said = { state: "tooLate", code: "court.tooLate", why: `${why}${kept === "" ? "" : ` after ${kept}`}` };
    this.#tooLate.set(key, statusOf(which, said));
    const oldest = this.#tooLate.keys().next().value;
    if (this.#tooLate.size > mostTooLate && oldest !== undefined) this.#tooLate.delete(oldest);
    this.#foundTooLate++;
    countRefusal(this.#context, "court.tooLate");
    this.#context.log.error({ leaseId, segment, why: said.why }, "found false too late: the segment stands in court");
  }

  forget(key: string): void {
    this.#status.delete(key);
    this.#refused.delete(key);
  }
}
