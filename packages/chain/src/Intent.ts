// An intent: one transaction somebody wants on the chain, under a key that makes wanting it twice the same as once.
import type { Address, Hex, TransactionReceipt } from "viem";

export interface Intent {
  /** Names the effect, not the attempt: `open/<leaseId>`. The same key is never sent twice with success. */
  key: string;
  /** Kind for gas accounts: `openLease`. */
  kind: string;
  to: Address;
  data: Hex;
  value?: bigint;
  /** Blocks to wait for, counting the one that holds it; the chain profile's when absent. */
  confirmations?: number;
}

/** What is known about a sent intent. Plain JSON, written before the broadcast. */
export interface IntentRecord {
  state: "sent" | "mined" | "reverted";
  kind: string;
  nonce: number;
  /** Every transaction broadcast for it, oldest first. */
  hashes: Hex[];
  /** The latest signed transaction, to broadcast again after a restart. */
  raw: Hex;
  /** Once mined: decimal block number and gas used. */
  block?: string;
  gasUsed?: string;
}

/** Where a Sender keeps its records; `put` must be durable when it returns. */
export interface IntentStore {
  get(key: string): IntentRecord | undefined | Promise<IntentRecord | undefined>;
  put(key: string, record: IntentRecord): void | Promise<void>;
}

export interface IntentResult {
  key: string;
  kind: string;
  hash: Hex;
  blockNumber: bigint;
  blockHash: Hex;
  gasUsed: bigint;
  /** Wei paid: gasUsed × effective price. */
  feePaid: bigint;
  receipt: TransactionReceipt;
}

/** Gas of all mined transactions of one kind. */
export interface GasAccount {
  count: number;
  gasUsed: bigint;
  feePaid: bigint;
}

/** A store that forgets with the process; for one-shot commands that hold nothing worth resuming. */
export function memoryStore(): IntentStore {
  const records = new Map<string, IntentRecord>();
  return { get: (key) => records.get(key), put: (key, record) => void records.set(key, record) };
}
