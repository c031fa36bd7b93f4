// Worker processes that have a segment's history for a dispute: as many as the owner allows, the least used one gives way to
// another dispute. Opening one again costs a replay, which a clock of the court has room for.
import type { Dispute, DisputeOptions } from "@weft/compute/tensor/openDispute";
import { WeftError } from "@weft/protocol/Errors";
import type { CourtStruct } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";

/** Opens a history; `openDispute` of packages/compute, or a test's own. */
export type DisputePort = (options: DisputeOptions) => Dispute;

export interface History {
  program: CourtStruct;
  oracle: TraceOracle;
}

export interface Held {
  history: History;
  release(): void;
}

interface Opened {
  dispute: Dispute;
  history: Promise<History>;
  /** Looks that use it now. */
  users: number;
}

export class Histories {
  readonly #open: DisputePort;
  readonly #limit: number;
  /** Least recently used first. */
  readonly #opened = new Map<string, Opened>();
  #closed = false;

  constructor(open: DisputePort, limit: number) {
    this.#open = open;
    this.#limit = limit;
  }

  get size(): number {
    return this.#opened.size;
  }

  /**
   * The history under `key`, opened where it isn't; in use until `release`, and open for the next time after it.
   * @throws WeftError `court.workers` when all that the owner allows are in use; of `options`
   */
  async acquire(key: string, options: () => Promise<DisputeOptions>): Promise<Held> {
    const opened = this.#take(key) ?? (await this.#make(key, options));
    opened.users++;
    let isHeld = true;
    const release = () => {
      if (isHeld) opened.users--;
      isHeld = false;
    };
    try {
      return { history: await opened.history, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #take(key: string): Opened | undefined {
    const there = this.#opened.get(key);
    if (there === undefined) return undefined;
    this.#opened.delete(key);
    this.#opened.set(key, there);
    return there;
  }

  async #make(key: string, options: () => Promise<DisputeOptions>): Promise<Opened> {
    const wanted = await options();
    while (this.#opened.size >= this.#limit) await this.#giveWay();
    if (this.#closed) throw new WeftError("the node is stopping", { code: "node.stopping", fault: "us" });
    // Somebody else may have opened it; from here on nothing waits.
    const meanwhile = this.#take(key);
    if (meanwhile !== undefined) return meanwhile;
    const dispute = this.#open(wanted);
    const history = dispute.program().then((program) => ({ program, oracle: dispute.oracle }));
    // Whoever uses it is told; a worker that nobody waits for must not end the process.
    history.catch(() => {});
    const opened: Opened = { dispute, history, users: 0 };
    this.#opened.set(key, opened);
    return opened;
  }

  async #giveWay(): Promise<void> {
    const idle = [...this.#opened].find(([, { users }]) => users === 0);
    if (idle !== undefined) return this.close(idle[0]);
    throw new WeftError(`${this.#limit} disputes use all workers`, {
      code: "court.workers",
      fault: "us",
      retryable: true,
      remedy: "allow more with --court-workers",
    });
  }

  async close(key: string): Promise<void> {
    const there = this.#opened.get(key);
    this.#opened.delete(key);
    await there?.dispute.close();
  }

  async stop(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#opened.keys()].map((key) => this.close(key)));
  }
}
