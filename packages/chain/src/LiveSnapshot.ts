// A snapshot that follows the chain: rebuilt from the store at start, folded forward per block, stepped back on a rewind.
import type { Clock } from "@weft/protocol/Clock";
import { WeftError } from "@weft/protocol/Errors";
import type { ChainClient } from "./ChainClient.ts";
import type { ChainStore } from "./ChainStore.ts";
import { addressesOf, type ChainEvent, decode } from "./Events.ts";
import { foldEvent, foldEvents } from "./foldEvents.ts";
import { empty, type Snapshot } from "./Snapshot.ts";
import { type WatchItem, watch } from "./Watch.ts";

export interface LiveSnapshotOptions {
  store: ChainStore;
  clock: Clock;
  fromBlock: bigint;
  onOutage?: (error: unknown) => void;
}

/** Called after each block with the new snapshot and what led to it. Must not throw; what it throws ends the view. */
export type SnapshotListener = (snapshot: Snapshot, item: WatchItem) => void;

/** Snapshots of recent blocks, so that a short rewind is a look-up; a deeper one folds the store again. */
const kept = 512;
const maxListeners = 64;

export class LiveSnapshot {
  readonly #client: ChainClient;
  readonly #options: LiveSnapshotOptions;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<SnapshotListener>();
  #recent: Snapshot[] = [];
  #current: Snapshot;
  /** Settles when the view has ended: resolved by stop, rejected by a fault of ours. */
  readonly ended: Promise<void>;

  constructor(client: ChainClient, options: LiveSnapshotOptions) {
    this.#client = client;
    this.#options = options;
    this.#current = rebuild(client, options.store);
    this.ended = this.#follow();
    // A caller that never looks at `ended` must not crash the process by that.
    this.ended.catch(() => undefined);
  }

  get current(): Snapshot {
    return this.#current;
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: SnapshotListener): () => void {
    if (this.#listeners.size >= maxListeners)
      throw new WeftError("too many listeners on a snapshot", { code: "chain.listeners", fault: "us" });
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * The first value that `pick` finds, now or in a later block.
   * @throws WeftError `chain.notSeen` after `timeoutMs`
   */
  async until<T>(pick: (snapshot: Snapshot) => T | undefined, timeoutMs: number): Promise<T> {
    const end = this.#options.clock.now() + timeoutMs;
    let wake = () => {};
    const unsubscribe = this.subscribe(() => wake());
    try {
      for (;;) {
        const block = new Promise<void>((resolve) => (wake = resolve));
        const found = pick(this.#current);
        if (found !== undefined) return found;
        const left = end - this.#options.clock.now();
        if (left <= 0 || this.#stopping.signal.aborted) throw notSeen(timeoutMs);
        await this.#firstOf(block, left);
      }
    } finally {
      unsubscribe();
    }
  }

  /** Waits for the snapshot to reach a block, such as the one of a receipt. */
  reach(block: bigint, timeoutMs: number): Promise<Snapshot> {
    return this.until((snapshot) => (snapshot.block >= block ? snapshot : undefined), timeoutMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.ended;
  }

  async #firstOf(block: Promise<void>, leftMs: number): Promise<void> {
    const timer = new AbortController();
    const timeout = this.#options.clock.sleep(leftMs, timer.signal).catch(() => undefined);
    await Promise.race([block, timeout, this.ended.catch(() => undefined)]);
    timer.abort();
  }

  async #follow(): Promise<void> {
    const { store, clock, fromBlock, onOutage } = this.#options;
    const signal = this.#stopping.signal;
    const options = { store, clock, signal, fromBlock, ...(onOutage === undefined ? {} : { onOutage }) };
    for await (const item of watch(this.#client, options)) {
      this.#current = item.kind === "blocks" ? this.#forward(item) : this.#back(item.toBlock);
      for (const listener of this.#listeners) listener(this.#current, item);
    }
  }

  #forward(item: Extract<WatchItem, { kind: "blocks" }>): Snapshot {
    this.#recent.push(this.#current);
    if (this.#recent.length > kept) this.#recent.shift();
    return foldEvents(this.#current, item.events, item.head);
  }

  #back(toBlock: bigint): Snapshot {
    const found = this.#recent.findLast((snapshot) => snapshot.block <= toBlock);
    this.#recent = this.#recent.filter((snapshot) => snapshot.block < toBlock);
    if (found !== undefined && found.block === toBlock) return found;
    return rebuild(this.#client, this.#options.store);
  }
}

/** The state that the store's logs give; equal to following them one by one. */
export function rebuild(client: ChainClient, store: ChainStore): Snapshot {
  const addressed = addressesOf(client.network.contracts);
  let state = empty;
  for (const log of store.logs()) {
    const event: ChainEvent | undefined = decode(addressed, log);
    if (event !== undefined) state = foldEvent(state, event);
  }
  const cursor = store.cursor();
  return cursor === undefined ? state : { ...state, block: cursor.number, timestamp: cursor.timestamp };
}

const notSeen = (timeoutMs: number) =>
  new WeftError(`the chain did not show it within ${timeoutMs / 1000} s`, {
    code: "chain.notSeen",
    fault: "network",
    retryable: true,
    remedy: "check that the chain is running and that this machine reaches it",
  });
