// One background loop of a node: runs a step again and again, never twice at once, sooner when poked, later after errors.
//
// Every step is idempotent: it reads snapshot and store, decides, acts. So a poke may be lost and a step may be repeated.
import type { Clock } from "@weft/protocol/Clock";
import { WeftError } from "@weft/protocol/Errors";
import type { Logger } from "pino";

export interface LoopOptions {
  name: string;
  /** Pause between steps when nobody pokes. */
  everyMs: number;
  /** Least pause between two steps, so that a storm of pokes costs a bounded number of steps. */
  leastMs?: number;
  step: (signal: AbortSignal) => Promise<void>;
}

export interface LoopPorts {
  clock: Clock;
  log: Logger;
}

const longestBackoffMs = 10_000;

export class Loop {
  readonly #options: LoopOptions;
  readonly #ports: LoopPorts;
  readonly #stopping = new AbortController();
  #wake: (() => void) | undefined;
  #poked = false;
  #failures = 0;
  #ended: Promise<void> | undefined;

  constructor(options: LoopOptions, ports: LoopPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  get name(): string {
    return this.#options.name;
  }

  start(): void {
    this.#ended ??= this.#turn();
  }

  /** Asks for a step soon. */
  poke(): void {
    this.#poked = true;
    this.#wake?.();
  }

  /** Resolves when the step that is running has ended; it sees its signal aborted. */
  async stop(): Promise<void> {
    this.#stopping.abort(new WeftError(`${this.name} is stopping`, { code: "node.stopping", fault: "us" }));
    this.#wake?.();
    await this.#ended;
  }

  async #turn(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#poked = false;
      try {
        await this.#options.step(signal);
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#failures += 1;
        // A step that fails again and again is said once at full volume, then quietly: the log is bounded.
        const level = this.#failures <= 2 ? "warn" : "debug";
        this.#ports.log[level]({ loop: this.name, failures: this.#failures, err: error }, "step failed");
      }
      await this.#pause(signal);
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const backoffMs = this.#failures === 0 ? 0 : Math.min(longestBackoffMs, 100 * 2 ** Math.min(10, this.#failures));
    const leastMs = Math.max(this.#options.leastMs ?? 0, backoffMs);
    if (leastMs > 0) await clock.sleep(leastMs, signal).catch(() => {});
    if (this.#poked || signal.aborted) return;
    const wait = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, clock.sleep(Math.max(1, this.#options.everyMs - leastMs), wait.signal).catch(() => {})]);
    this.#wake = undefined;
    wait.abort();
  }
}
