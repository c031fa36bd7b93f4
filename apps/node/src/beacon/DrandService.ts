// Serves a beacon that a drand network feeds: brings to the chain the rounds that committed segments name, by turns.
// Nobody is slashed for not doing so; a round that nobody brings draws nobody, and its segments earn nothing.
import { hasCode } from "@weft/protocol/Errors";
import { firstRoundAt } from "@weft/verification/drandRounds";
import { Loop } from "../Loop.ts";
import type { NodeContext } from "../NodeContext.ts";
import { Tasks } from "../Tasks.ts";
import type { DrandSource } from "./drandRelays.ts";
import { dueRounds } from "./dueRounds.ts";
import { turnSeconds } from "./turns.ts";

/** A round is published a moment after its time: the first tries come too early every day. */
const everydayTries = 4;

export class DrandService {
  readonly #context: NodeContext;
  readonly #drand: DrandSource;
  readonly #loop: Loop;
  readonly #tasks: Tasks;
  /** Rounds found on chain, of those that segments name now; forgotten when the chain goes back. */
  #known = new Set<bigint>();
  #rewinds = 0;

  constructor(context: NodeContext, drand: DrandSource) {
    this.#context = context;
    this.#drand = drand;
    const { clock, log } = context;
    this.#loop = new Loop({ name: "drand", everyMs: 500, leastMs: 50, step: () => this.#step() }, { clock, log });
    const retries = { firstRetryMs: 500, longestRetryMs: 15_000, limit: 4 };
    this.#tasks = new Tasks({ clock, log, onEnd: () => this.#loop.poke(), ...retries });
  }

  start(): void {
    this.#context.chain.onChange(() => this.#loop.poke());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#tasks.stop()]);
  }

  async #step(): Promise<void> {
    const { chain, nodeId } = this.#context;
    const view = chain.view();
    if (view === undefined) return;
    const named = new Set(chain.openSegments().map(({ segment }) => segment.beaconRound));
    this.#forget(named);
    const brought = chain.broughtRounds();
    const { minStake } = chain.params;
    const due = dueRounds({
      ...{ nodeId, now: chain.now(), beacon: chain.beacon(), named },
      isKnown: (round) => brought.has(round) || this.#known.has(round),
      callers: [...view.nodes].flatMap(([id, { stake }]) => (stake >= minStake ? [id] : [])),
      turnSeconds: turnSeconds(chain.blockSeconds),
    });
    for (const round of due)
      this.#tasks.run(round.toString(), (signal) => this.#bring(round, signal), { warnFrom: everydayTries });
  }

  async #bring(round: bigint, signal: AbortSignal): Promise<void> {
    const { chain, log } = this.#context;
    const { genesis, roundSeconds } = chain.beacon();
    // The snapshot remembers the latest rounds only; and another node may have been faster.
    if ((await chain.random(round)) === undefined) {
      const drandRound = firstRoundAt(this.#drand.chain, genesis + (round + 1n) * roundSeconds);
      const signature = await this.#drand.fetch(drandRound, signal);
      await chain.bringRound({ round, signature }).catch((error: unknown) => {
        if (!hasCode(error, "beacon.AlreadyBrought")) throw error;
      });
      log.debug({ round, drandRound }, "brought a round of the drand network");
    }
    this.#known.add(round);
  }

  #forget(named: ReadonlySet<bigint>): void {
    const rewinds = this.#context.chain.rewinds();
    this.#known = this.#rewinds === rewinds ? this.#known.intersection(named) : new Set();
    this.#rewinds = rewinds;
  }
}
