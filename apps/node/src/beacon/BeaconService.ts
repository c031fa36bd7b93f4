// Serves the beacon: keeps a hash onion on disk, enrols its tip, opens a layer in every requested round. Who stays
// silent in a requested round loses stake, so this loop follows every block; it brings that penalty to others as well.
import { hasCode } from "@weft/protocol/Errors";
import { bytesToHex, concat, type Hex, keccak256, toHex } from "viem";
import { roundAt } from "../chain/NodeChain.ts";
import { Loop } from "../Loop.ts";
import type { NodeContext } from "../NodeContext.ts";
import { inclusionSeconds, roundToName } from "../segments/decideSegment.ts";
import { getSetting, putSetting } from "../store/settings.ts";
import { Tasks } from "../Tasks.ts";
import { type BeaconState, decideBeacon } from "./decideBeacon.ts";
import { duePenalties } from "./duePenalties.ts";
import { dueStandIn } from "./dueStandIn.ts";
import { type HashOnion, peel } from "./HashOnion.ts";
import { turnSeconds } from "./turns.ts";

interface Kept {
  secret: Hex;
  /** Onions used up before this one. */
  generation: number;
  /** Chain time when this onion was enrolled: from then on its layers become public one by one. */
  enrolledAt?: number;
}

type Leaving = BeaconState["leaving"];

/** An enrolment that the snapshot still does not show after this long is gone: retired by the chain, or never mined. */
const enrolmentLagSeconds = 60;
const settled = [
  ...["beacon.AlreadyPenalised", "beacon.AlreadyRevealed", "beacon.NotEligible", "beacon.RoundNotRequested"],
  ...["beacon.MissForgiven", "beacon.MissesPunished"],
];

export class BeaconService {
  readonly #context: NodeContext;
  readonly #leaving: () => Leaving;
  readonly #loop: Loop;
  readonly #tasks: Tasks;
  #kept: Kept | undefined;
  #onion: HashOnion | undefined;
  /** What was mined and may not be in the snapshot yet; forgotten when the chain goes back. */
  readonly #done = new Set<string>();
  /** Stand-ins: the latest round asked for, and the latest named one that the chain itself called decided. */
  #asked: bigint | undefined;
  #decidedTo = -1n;
  #rewinds = 0;

  constructor(context: NodeContext, leaving: () => Leaving) {
    this.#context = context;
    this.#leaving = leaving;
    const { clock, log } = context;
    this.#loop = new Loop({ name: "beacon", everyMs: 500, leastMs: 50, step: () => this.#step() }, { clock, log });
    this.#tasks = new Tasks({ clock, log, onEnd: () => this.#loop.poke(), firstRetryMs: 100, longestRetryMs: 2000 });
  }

  start(): void {
    this.#context.chain.onChange(() => this.#loop.poke());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#tasks.stop()]);
  }

  async #step(): Promise<void> {
    const { chain, nodeId, log } = this.#context;
    const node = chain.view()?.nodes.get(nodeId);
    if (node === undefined) return;
    this.#forgetRewound();
    this.#penalise();
    this.#askForStandIn();
    const beacon = chain.beacon();
    const { tip, tipRound, retiredRound } = await chain.enrolment();
    const onion = this.#current(tip);
    const action = decideBeacon({
      ...{ round: roundAt(beacon, chain.now()), requested: beacon.requested, tip, tipRound, retiredRound, onion },
      admitted: node.stake >= chain.params.minStake,
      leaving: this.#leaving(),
    });
    if (action.act === "enrol")
      this.#once(`enrol/${action.tip}`, async () => {
        await chain.enrolBeacon(action.tip);
        const kept = this.#kept ?? this.#load();
        if (kept.enrolledAt === undefined) log.info("enrolled in the beacon");
        this.#keep({ ...kept, enrolledAt: Number(chain.now()) });
      });
    else if (action.act === "retire")
      this.#once(`retire/${tip}`, async () => {
        await chain.retireBeacon(tip);
        log.info("retired from the beacon");
      });
    else if (action.act === "reveal" && this.#context.faults.withholdReveals !== true) {
      const { round, preimage } = action;
      this.#once(`reveal/${round}`, async () => void (await chain.revealBeacon({ round, preimage })));
    }
  }

  /** Stake is what a reveal is worth: without the penalty, keeping back the last one would be a free choice of draws. */
  #penalise(): void {
    const { chain, nodeId } = this.#context;
    if (this.#leaving() !== undefined) return;
    const duties = chain.duties();
    const callers = duties.enrolments.flatMap(({ nodeId: id, lastRound }) => (lastRound === undefined ? [id] : []));
    const facts = { nodeId, now: chain.now(), beacon: chain.beacon(), callers, mostMisses: chain.params.maxMisses };
    for (const miss of duePenalties({ ...duties, ...facts, turnSeconds: turnSeconds(chain.blockSeconds) }))
      this.#once(`penalise/${miss.nodeId}/${miss.round}`, async () => {
        await chain.penaliseBeacon(miss).catch((error: unknown) => {
          // Somebody was faster, or the chain knows better.
          if (!settled.some((code) => hasCode(error, code))) throw error;
        });
      });
  }

  /** Nobody is drawn for a segment whose round ended with too few reveals until some later round has enough. */
  #askForStandIn(): void {
    const { chain, nodeId, log } = this.#context;
    if (this.#leaving() === "stopping") return;
    const beacon = chain.beacon();
    const named = chain
      .openSegments()
      .flatMap(({ lease, segment }) =>
        segment.voided ? [] : [{ round: segment.beaconRound, provider: lease.nodeId }],
      );
    const { minReveals, maxRoundsAhead } = chain.params;
    const mined = { roundSeconds: beacon.roundSeconds, inclusionSeconds: inclusionSeconds(chain.blockSeconds) };
    const due = dueStandIn({
      ...{ ...chain.duties(), nodeId, now: chain.now(), beacon, named, minReveals },
      ...{ asked: this.#asked, decidedTo: this.#decidedTo, turnSeconds: turnSeconds(chain.blockSeconds) },
      leadRounds: roundToName(0n, { ...mined, maxRoundsAhead }),
    });
    if (due === undefined) return;
    const { round, waitingFor } = due;
    this.#tasks.run("standIn", async () => {
      // The snapshot remembers the latest rounds only.
      if ((await chain.random(waitingFor)) !== undefined) {
        this.#decidedTo = waitingFor;
        return;
      }
      await chain.requestBeacon(round);
      this.#asked = round;
      const told = { round: round.toString(), waitingFor: waitingFor.toString() };
      log.info(told, "asked for a beacon round: a segment's own ended with too few reveals");
    });
  }

  #forgetRewound(): void {
    const rewinds = this.#context.chain.rewinds();
    if (this.#rewinds === rewinds) return;
    this.#rewinds = rewinds;
    this.#done.clear();
    this.#asked = undefined;
    this.#decidedTo = -1n;
  }

  #once(key: string, work: () => Promise<void>): void {
    if (this.#done.size > 256) this.#done.clear();
    if (this.#done.has(key)) return;
    this.#tasks.run(key, async () => {
      await work();
      this.#done.add(key);
    });
  }

  /** The onion the chain's tip belongs to; a new generation once the present one can't be used any more. */
  #current(tip: Hex): HashOnion {
    const kept = (this.#kept ??= this.#load());
    this.#onion ??= peel(seedOf(kept));
    if (!this.#isSpent(kept, tip)) return this.#onion;
    const { secret, generation } = kept;
    const next = { secret, generation: generation + 1 };
    this.#keep(next);
    this.#onion = peel(seedOf(next));
    return this.#onion;
  }

  /** Innermost layer reached; or retired by the chain, with layers that everybody knows. */
  #isSpent(kept: Kept, tip: Hex): boolean {
    if (BigInt(tip) !== 0n) return tip === seedOf(kept);
    return kept.enrolledAt !== undefined && this.#context.chain.now() > BigInt(kept.enrolledAt + enrolmentLagSeconds);
  }

  #keep(kept: Kept): void {
    putSetting(this.#context.store, { name: "beacon", value: kept });
    this.#kept = kept;
  }

  #load(): Kept {
    const { store, random } = this.#context;
    const there = getSetting(store, { name: "beacon" }) as Kept | undefined;
    if (there !== undefined) return there;
    const fresh: Kept = { secret: bytesToHex(random(32)), generation: 0 };
    // On disk before its tip is: an onion that is lost costs a penalty per round until the next enrolment.
    putSetting(store, { name: "beacon", value: fresh });
    return fresh;
  }
}

const seedOf = ({ secret, generation }: Kept): Hex => keccak256(concat([secret, toHex(generation, { size: 8 })]));
