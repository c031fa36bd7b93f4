// One accepted intent inside a Sender: what it waits for, what was broadcast for it, how it ends.
import { WeftError } from "@weft/protocol/Errors";
import type { Hex, TransactionReceipt } from "viem";
import type { Intent, IntentResult } from "./Intent.ts";
import type { Fees } from "./Transaction.ts";

export interface Job {
  intent: Intent;
  resolve(result: IntentResult): void;
  reject(error: unknown): void;
  acceptedAt: number;
  /** Times it was signed anew because its nonce went to another transaction. */
  relaunches: number;
  /** Times its fee was raised. */
  replacements: number;
  /** Its gas is in the accounts already. */
  counted: boolean;
  sent?: Sent | undefined;
}

export interface Sent {
  nonce: number;
  gas: bigint;
  fees: Fees;
  raw: Hex;
  /** Every transaction broadcast with this nonce, oldest first. */
  hashes: Hex[];
  feesSetAt: number;
  nudgedAt: number;
}

export function newJob(intent: Intent, acceptedAt: number, settle: Pick<Job, "resolve" | "reject">): Job {
  return { intent, ...settle, acceptedAt, relaunches: 0, replacements: 0, counted: false };
}

export const resultOf = (intent: Intent, receipt: TransactionReceipt): IntentResult => ({
  key: intent.key,
  kind: intent.kind,
  hash: receipt.transactionHash,
  blockNumber: receipt.blockNumber,
  blockHash: receipt.blockHash,
  gasUsed: receipt.gasUsed,
  feePaid: receipt.gasUsed * receipt.effectiveGasPrice,
  receipt,
});

export const closedError = () =>
  new WeftError("the sender was closed", { code: "chain.closed", fault: "us", retryable: true });

export const queueFull = (limit: number) =>
  new WeftError(`${limit} transactions already wait`, {
    code: "chain.queueFull",
    fault: "us",
    retryable: true,
    remedy: "wait for some to settle",
  });

export const timedOut = (intent: Intent, timeoutMs: number) =>
  new WeftError(`${intent.kind} was not mined within ${timeoutMs / 1000} s`, {
    code: "chain.timeout",
    fault: "network",
    retryable: true,
    details: { key: intent.key },
    remedy: "send the same intent again: it resumes",
  });

export const nonceContested = (intent: Intent) =>
  new WeftError(`${intent.kind}: the account's nonce keeps moving`, {
    code: "chain.nonceContested",
    remedy: "let one process at a time send for this account",
    retryable: true,
  });
