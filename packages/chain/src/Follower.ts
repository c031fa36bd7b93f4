// The chain followed into one current snapshot: replays the stored events, then watches, folds and tells listeners.
//
// A rewind folds the kept history again from the store; what stays is cheap because rewinds are rare and short. Events
// are handed out once per block batch, after the snapshot has them.
import type { Clock } from "@weft/protocol/Clock";
import type { ChainClient } from "./ChainClient.ts";
import type { ChainStore } from "./ChainStore.ts";
import { addressesOf, type ChainEvent, decode } from "./Events.ts";
import { foldEvents } from "./foldEvents.ts";
import { empty, type Snapshot } from "./Snapshot.ts";
import { watch } from "./Watch.ts";

export interface Change {
  snapshot: Snapshot;
  /** Events of the new blocks; empty after a rewind. */
  events: readonly ChainEvent[];
  /** Set when blocks above this one are gone. */
  rewoundTo?: bigint;
}

export interface FollowOptions {
  store: ChainStore;
  clock: Clock;
  /** First block with events of the deployment. */
  fromBlock: bigint;
  onOutage?: (error: unknown) => void;
  /** A listener that throws is reported here; the others are still told. */
  onListenerError?: (error: unknown) => void;
}

const readyPollMs = 20;

export class Follower {
  readonly #client: ChainClient;
  readonly #options: FollowOptions;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<(change: Change) => void>();
  #snapshot: Snapshot;
  #following: Promise<void> | undefined;

  constructor(client: ChainClient, options: FollowOptions) {
    this.#client = client;
    this.#options = options;
    this.#snapshot = this.#replay();
  }

  /** The state as of the last block seen. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  start(): void {
    this.#following ??= this.#follow();
  }

  /** Adds a listener; returns the function that removes it. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once the snapshot has at least this block. Rejects with the signal's reason. */
  async reached(block: bigint, signal?: AbortSignal): Promise<Snapshot> {
    while (this.#snapshot.block < block) {
      this.#stopping.signal.throwIfAborted();
      await this.#options.clock.sleep(readyPollMs, signal);
    }
    return this.#snapshot;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  #replay(): Snapshot {
    const cursor = this.#options.store.cursor();
    if (cursor === undefined) return empty;
    const addressed = addressesOf(this.#client.network.contracts);
    const events = this.#storedEvents(addressed);
    return foldEvents(empty, events, cursor);
  }

  *#storedEvents(addressed: ReturnType<typeof addressesOf>): Generator<ChainEvent> {
    for (const log of this.#options.store.logs()) {
      const event = decode(addressed, log);
      if (event !== undefined) yield event;
    }
  }

  async #follow(): Promise<void> {
    const { store, clock, fromBlock, onOutage } = this.#options;
    const { signal } = this.#stopping;
    const options = { store, clock, signal, fromBlock, ...(onOutage === undefined ? {} : { onOutage }) };
    for await (const item of watch(this.#client, options)) {
      if (item.kind === "rewind") {
        this.#snapshot = this.#replay();
        this.#tell({ snapshot: this.#snapshot, events: [], rewoundTo: item.toBlock });
        continue;
      }
      this.#snapshot = foldEvents(this.#snapshot, item.events, item.head);
      this.#tell({ snapshot: this.#snapshot, events: item.events });
    }
  }

  #tell(change: Change): void {
    for (const listener of [...this.#listeners])
      try {
        listener(change);
      } catch (error) {
        this.#options.onListenerError?.(error);
      }
  }
}
