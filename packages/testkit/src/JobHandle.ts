// A job bought on a test network: its events as the gateway tells them, and waits that give up.
import type { RunningGateway } from "@weft/gateway/startGateway";
import type { Clock } from "@weft/protocol/Clock";
import { isFinal, type JobEvent, type JobEventKind } from "@weft/protocol/JobEvent";

export type EventOf<K extends JobEventKind> = Extract<JobEvent, { kind: K }>;

/** Virtual milliseconds that a wait takes at most, so that a slow machine has as many tries as a fast one. */
const patienceMs = 900_000;

export interface JobHandlePorts {
  clock: Clock;
  onlookers: () => Promise<void>;
}

export class JobHandle {
  readonly jobId: string;
  /** Everything told so far, in order; a restarted gateway goes on with it. */
  readonly events: JobEvent[] = [];
  readonly #wakers = new Set<() => void>();
  readonly #clock: Clock;
  readonly #onlookers: () => Promise<void>;
  #reading = new AbortController();

  /** `onlookers` settles when whoever a test asks about the chain has seen its head. */
  constructor(jobId: string, gateway: RunningGateway, { clock, onlookers }: JobHandlePorts) {
    this.jobId = jobId;
    this.#clock = clock;
    this.#onlookers = onlookers;
    this.follow(gateway);
  }

  /** Reads on from this gateway, which has the job's record. */
  follow(gateway: RunningGateway): void {
    this.#reading.abort();
    this.#reading = new AbortController();
    void this.#read(gateway, this.#reading.signal);
  }

  async #read(gateway: RunningGateway, signal: AbortSignal): Promise<void> {
    const from = (this.events.at(-1)?.seq ?? 0) + 1;
    try {
      for await (const event of gateway.jobs.follow(this.jobId, from, signal)) {
        if (signal.aborted) return;
        this.events.push(event);
        for (const wake of this.#wakers) wake();
      }
    } catch (error) {
      // A gateway that was killed closes its store under its readers.
      if (!signal.aborted && !this.#reading.signal.aborted) this.#reading.abort(error);
    }
  }

  /** Ends the reading; what was told stays. */
  close(): void {
    this.#reading.abort();
  }

  all<K extends JobEventKind>(kind: K): EventOf<K>[] {
    return this.events.filter((event): event is EventOf<K> => event.kind === kind);
  }

  /** The first event of a kind that passes `test`, told already or to come. @throws Error with the events so far */
  async until<K extends JobEventKind>(kind: K, test: (event: EventOf<K>) => boolean = () => true): Promise<EventOf<K>> {
    return await this.wait(`a ${kind} event`, () => this.all(kind).find(test));
  }

  /** The job's last event; the network's snapshot has seen what led to it. */
  async ended(): Promise<JobEvent> {
    const last = await this.wait("its end", () => this.events.find((event) => isFinal(event)));
    await this.#onlookers();
    return last;
  }

  /** `done`, or an error that says what came instead. */
  async done(): Promise<EventOf<"done">> {
    const last = await this.ended();
    if (last.kind !== "done") throw new Error(`the job ended otherwise:\n${this.story()}`);
    return last as EventOf<"done">;
  }

  async wait<T>(what: string, find: () => T | undefined): Promise<T> {
    const until = this.#clock.now() + patienceMs;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const over = this.events.some((event) => isFinal(event));
      const leftMs = until - this.#clock.now();
      if (over || leftMs <= 0) throw new Error(`job ${this.jobId} did not get to ${what}:\n${this.story()}`);
      await this.#next(leftMs);
    }
  }

  /** One line per event, for a failed test's message. */
  story(): string {
    const start = this.events[0]?.at ?? 0;
    return this.events
      .filter(({ kind }) => kind !== "progress" && kind !== "sample")
      .map(
        ({ seq, at, kind, ...body }) =>
          `${((at - start) / 1000).toFixed(1)}s ${kind} ${JSON.stringify(body).slice(0, 220)}`,
      )
      .join("\n");
  }

  async #next(leftMs: number): Promise<void> {
    const over = new AbortController();
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake);
        resolve();
      };
      this.#wakers.add(wake);
      this.#clock.sleep(leftMs, over.signal).then(wake, () => {});
    });
    over.abort();
  }
}
