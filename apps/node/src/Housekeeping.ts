// Keeps disk and memory bounded: prunes content nobody pins, closed rows, expired entries of the book; watches memory. And the
// network's own: slashed stake that waits to be burnt.
import * as Book from "@weft/market/Book";
import { Loop } from "./Loop.ts";
import { BurnDuty } from "./money/BurnDuty.ts";
import type { NodeContext } from "./NodeContext.ts";
import { prune } from "./store/prune.ts";

const everyMs = 30_000;
/** Closed leases and audits stay readable this long. */
const keepClosedMs = 7 * 86_400_000;
const mostBatches = 20;
/** Resting memory above this is worth a line in the log. */
const noteworthyRssMb = 300;

export class Housekeeping {
  readonly #context: NodeContext;
  readonly #loop: Loop;
  readonly #burning: BurnDuty;

  constructor(context: NodeContext) {
    this.#context = context;
    this.#burning = new BurnDuty(context);
    this.#loop = new Loop(
      { name: "housekeeping", everyMs, step: () => this.#step() },
      { clock: context.clock, log: context.log },
    );
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #step(): Promise<void> {
    const { store, blobs, intake, chain, clock, log } = this.#context;
    Book.prune(intake.book, chain.now());
    for (let batch = 0; batch < mostBatches; batch++)
      if (prune(store, { before: clock.now() - keepClosedMs }) === 0) break;
    const freed = await blobs.prune();
    if (freed > 0) log.info({ freed }, "content pruned");
    const rssMb = Math.round(process.memoryUsage.rss() / 1048576);
    if (rssMb > noteworthyRssMb) log.warn({ rssMb }, "memory is above what a node needs");
    await this.#burning.step();
  }
}
