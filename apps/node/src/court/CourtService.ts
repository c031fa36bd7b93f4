// Plays this node's sides of disputes, without a person: its own segments when somebody challenges them, and rivals that it
// names where its audit found a segment false. What happened so far is the chain's to tell, what a history is made of lies on
// disk: a node that was killed, and one whose chain went back, look again and go on.
import type { LeaseFacts } from "@weft/chain/facts";
import type { DisputeState, RivalState } from "@weft/chain/Snapshot";
import { placeBond } from "@weft/court/gameRules";
import type { DisputeLook, DisputeSeat } from "@weft/court/playDispute";
import { hasCode } from "@weft/protocol/Errors";
import { courtMoveGas, courtVerdictGas } from "@weft/protocol/generated/params";
import * as Segment from "@weft/protocol/Segment";
import type { Hex } from "viem";
import { Loop } from "../Loop.ts";
import { disputePin, type NodeContext } from "../NodeContext.ts";
import { type DisputeSide, getDispute, type KeptDispute, openDisputes, putDispute } from "../store/disputes.ts";
import { Tasks } from "../Tasks.ts";
import { BondKeeper } from "./BondKeeper.ts";
import { CourtRecord, type CourtSummary, keyOf } from "./CourtRecord.ts";
import type { DisputeStatus } from "./DisputeStatus.ts";
import { ownRival, type Want } from "./decideJoin.ts";
import type { Found } from "./findAccusation.ts";
import { type Held, Histories } from "./Histories.ts";
import { joinDispute } from "./joinDispute.ts";
import { historyOptions, type Materials, ownMaterials, type Subject } from "./materials.ts";
import { Replays } from "./Replays.ts";

type Kept = KeptDispute<Materials>;

/** Disputes looked after at once; the rest waits for the next step. */
const mostOpen = 256;
/** One each and one for the money: who waits for a worker must keep nobody from calling another's time. */
const mostTasks = mostOpen + 1;
/** Blocks after its end until a dispute is put away: a rewind may bring it back. */
const restBlocks = 64;
/** A move costs less, whatever it is, the last one with its verdict (spec/court.md §9). */
const moveGas = BigInt(courtMoveGas + courtVerdictGas);

export class CourtService {
  readonly #context: NodeContext;
  readonly #duty: { leaving(): boolean };
  readonly #loop: Loop;
  readonly #tasks: Tasks;
  readonly #histories: Histories;
  readonly #replays: Replays;
  readonly #bonds: BondKeeper;
  /** What was found against commitments that no rival was named against yet. */
  readonly #known = new Map<string, Found>();
  readonly #record: CourtRecord;
  /** At which of the chain's changes a dispute was looked at last without anything to do. */
  readonly #idleAt = new Map<string, number>();
  #changes = 0;
  #rewinds = 0;

  constructor(context: NodeContext, duty: { leaving(): boolean }) {
    this.#context = context;
    this.#duty = duty;
    const { clock, log, settings } = context;
    this.#loop = new Loop(
      { name: "court", everyMs: 1000, leastMs: 50, step: async () => this.#step() },
      { clock, log },
    );
    this.#tasks = new Tasks({ clock, log, onEnd: () => this.#loop.poke(), limit: mostTasks, longestRetryMs: 2000 });
    const now = () => Number(context.chain.now());
    const margin = Number(context.chain.params.courtInclusionSeconds);
    this.#histories = new Histories(context.openDispute, { limit: settings.court.workers, now, margin });
    this.#replays = new Replays(this.#histories, now);
    this.#bonds = new BondKeeper(context, () => this.#histories.replaySeconds);
    this.#record = new CourtRecord(context);
  }

  start(): void {
    this.#context.chain.onChange(() => {
      this.#changes += 1;
      this.#loop.poke();
    });
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#tasks.stop()]);
    await this.#histories.stop();
  }

  /** An audit found the segment false: to be disputed where the lease pinned a court. Everything needed is pinned and on disk. */
  found(
    lease: LeaseFacts,
    commitment: Segment.SegmentCommitment,
    materials: Materials & { contents: readonly Hex[]; stepRoots?: readonly Hex[] },
  ): void {
    const { chain, store, clock, blobs } = this.#context;
    if (!chain.court.hears(lease.leaseId)) return;
    const { contents, stepRoots, ...body } = materials;
    const { leaseId } = lease;
    for (const content of contents) blobs.pin(content, disputePin(leaseId, commitment.segment));
    const dispute = {
      commitment: Segment.hash(commitment),
      side: "rival",
      leaseId,
      segment: Number(commitment.segment),
    } as const;
    putDispute(store, { dispute: { ...dispute, body }, at: clock.now() });
    // What was just replayed isn't replayed again before it is named.
    const isHonest = this.#context.faults.history?.({ leaseId, side: "rival" }) === undefined;
    if (stepRoots !== undefined && isHonest) this.#replays.teach(keyOf(dispute), stepRoots);
    this.#loop.poke();
  }

  /** Disputes that still need this process. */
  active(): number {
    return this.#open().filter((kept) => this.#isLive(kept)).length;
  }

  status(): DisputeStatus[] {
    return this.#record.all().map(([key, status]) => {
      const state = this.#histories.stateOf(key);
      return state === undefined ? status : { ...status, state };
    });
  }

  summary(): CourtSummary {
    const live = this.#open().filter((kept) => this.#isLive(kept));
    const of = (side: DisputeSide) => live.filter((kept) => kept.side === side).length;
    const clocks = live.flatMap((kept) => this.#record.get(keyOf(kept))?.until ?? []);
    return {
      games: { defender: of("defender"), rival: of("rival") },
      waitingForWorker: this.#histories.waiting,
      replaysFailing: this.#replays.failing,
      foundTooLate: this.#record.foundTooLate,
      ...(clocks.length > 0 && { nextDeadline: Math.min(...clocks) }),
    };
  }

  #open(): Kept[] {
    return openDisputes(this.#context.store, { limit: mostOpen }) as Kept[];
  }

  #step(): void {
    const { chain } = this.#context;
    if (this.#rewinds !== chain.rewinds()) {
      this.#tasks.forgive();
      this.#bonds.rewound();
    }
    this.#rewinds = chain.rewinds();
    const disputes = new Map(chain.court.disputes().map((dispute) => [dispute.commitmentHash, dispute]));
    for (const dispute of disputes.values()) this.#notice(dispute);
    const now = Number(chain.now());
    this.#histories.letGo(({ key, until }) => until < now || disputes.get(commitmentIn(key))?.eliminated !== undefined);
    // Whose clock ends first goes first.
    const until = (kept: Kept) => this.#record.get(keyOf(kept))?.until ?? Number.MAX_SAFE_INTEGER;
    const open = this.#open();
    for (const kept of open.toSorted((a, b) => until(a) - until(b))) {
      const key = keyOf(kept);
      // The same chain says the same.
      if (this.#idleAt.get(key) === this.#changes) continue;
      this.#tasks.run(key, async (signal) => {
        const changes = this.#changes;
        const acted = await this.#turn(kept, disputes.get(kept.commitment), signal);
        if (!acted) this.#idleAt.set(key, changes);
      });
    }
    if (this.#bonds.isDue && !open.some(({ side }) => side === "rival"))
      this.#tasks.run("bonds", () => this.#bonds.takeBack());
  }

  /** A side of this node's that its disk has nothing of: of its own segment, or of a rival that it named in another life. */
  #notice(dispute: DisputeState): void {
    const { chain, nodeId, store, clock, log, blobs } = this.#context;
    const { commitmentHash: commitment, leaseId, segment, rivals, eliminated } = dispute;
    const lease = chain.lease(leaseId);
    const isOwn = lease?.nodeId === nodeId && eliminated === undefined && rivals.some(({ end }) => end === "in");
    const side = isOwn ? "defender" : "rival";
    if (lease === undefined || !(isOwn || ownRival(dispute, chain.court.accounts())?.end === "in")) return;
    const there = getDispute(store, { commitment, side });
    if (there !== undefined && there.closedAt === undefined) return;
    const body = (there?.body as Materials | undefined) ?? (isOwn ? ownMaterials(this.#context, lease) : undefined);
    putDispute(store, {
      dispute: { commitment, side, leaseId, segment, body: body ?? { details: [] } },
      at: clock.now(),
    });
    if (body === undefined)
      log.error({ leaseId, segment, side }, "this disk knows nothing of a dispute: others are asked");
    if (body?.resume !== undefined && blobs.has(body.resume.contentId))
      blobs.pin(body.resume.contentId, disputePin(leaseId, BigInt(segment)));
    if (isOwn) log.warn({ leaseId, segment, rivals: rivals.length }, "a segment of this node is disputed");
  }

  /** True when it did something: then it is worth looking again at once. */
  async #turn(kept: Kept, dispute: DisputeState | undefined, signal: AbortSignal): Promise<boolean> {
    const { chain } = this.#context;
    const lease = chain.lease(kept.leaseId);
    if (lease === undefined) return false;
    const rival = sideOf(kept.side, dispute, chain.court.accounts());
    try {
      if (kept.side === "rival" && rival === undefined) return await this.#join({ kept, lease, dispute, signal });
      if (rival?.end === "in") return await this.#play({ kept, lease, rival, signal });
    } catch (error) {
      // Without a history no move; a clock that is over, and what the court has yet to be told, need none.
      if (!hasCode(error, "court.replay") && !hasCode(error, "court.workers")) throw error;
      return this.#refuse(kept, { code: error.code, why: error.message });
    }
    await this.#rest(kept, lease, dispute);
    return false;
  }

  // ---- a game ------------------------------------------------------------------------------------------------------

  async #play(at: { kept: Kept; lease: LeaseFacts; rival: RivalState; signal: AbortSignal }): Promise<boolean> {
    const { kept, lease, rival, signal } = at;
    const { chain } = this.#context;
    const commitment = await chain.commitment(kept.leaseId, BigInt(kept.segment));
    if (Segment.hash(commitment) !== kept.commitment) return false;
    const key = keyOf(kept);
    let held: Held | undefined;
    const history = async ({ deadline: until }: { deadline: number }) => {
      const { ground, game } = rival;
      this.#record.set(kept, { ...this.#record.get(key), state: "move", ground, game, until });
      const options = () => historyOptions(this.#context, { kept, lease, commitment, signal });
      held ??= await this.#replays.acquire(key, { options, until });
      return held.history;
    };
    const seat: DisputeSeat = {
      ...{ side: kept.side, game: rival.game, commitment, sponsor: rival.sponsor, rival: rival.rival, history },
      ...{ nodeId: lease.nodeId, fromBlock: rival.block },
      shown: async () => {
        const first = commitment.segment === 0n ? commitment : await chain.commitment(kept.leaseId, 0n);
        return chain.court.shownStart(kept.leaseId, first);
      },
    };
    try {
      const look = await chain.court.look(seat);
      this.#tell(kept, rival, look);
      return await this.#act(kept, seat, look);
    } catch (error) {
      // One that was never open was counted by `acquire`.
      return held === undefined ? Promise.reject(error) : await this.#replays.broke(key, error);
    } finally {
      held?.release();
    }
  }

  async #act(kept: Kept, seat: DisputeSeat, look: DisputeLook): Promise<boolean> {
    const { chain, log, settings } = this.#context;
    const { game } = seat;
    const { turn } = look;
    if (turn.act === "stuck" || turn.act === "late") {
      const why = turn.act === "late" ? "clockOver" : turn.why;
      return this.#refuse(kept, { code: "court.stuck", why });
    }
    if (turn.act === "move" && chain.court.gasOf(game) + moveGas > settings.court.gasPerGame)
      return this.#refuse(kept, { code: "court.gas", why: `${chain.court.gasOf(game)} gas are spent` });
    const mined = await chain.court.play(seat, look);
    if (mined === undefined) return false;
    this.#record.goesOn(keyOf(kept));
    if (turn.act === "move") this.#replays.worked(keyOf(kept));
    const what = turn.act === "move" ? turn.move.call : turn.act;
    const { gasUsed } = mined;
    log.info(
      { game, side: seat.side, what, gasUsed: gasUsed.toString(), leaseId: kept.leaseId, segment: kept.segment },
      "court",
    );
    return true;
  }

  #tell(kept: Kept, rival: RivalState, { turn, level, game }: DisputeLook): void {
    const until = "deadline" in turn ? turn.deadline : "until" in turn ? turn.until : undefined;
    const { ground, game: id } = rival;
    const known = { state: turn.act, ground, game: id, ...(until !== undefined && { until }) };
    const step = game?.position.facts.step.toString() ?? this.#record.get(keyOf(kept))?.step;
    const at = { ...(level !== undefined && { level }), ...(step !== undefined && { step }) };
    const gasUsed = this.#context.chain.court.gasOf(id).toString();
    this.#record.set(kept, { ...known, ...at, gasUsed });
  }

  // ---- naming a rival ------------------------------------------------------------------------------------------------

  async #join(at: Omit<Subject, "commitment"> & { kept: Kept; dispute: DisputeState | undefined }): Promise<boolean> {
    const { kept, lease } = at;
    const key = keyOf(kept);
    const joined = await joinDispute(this.#context, {
      ...{ ...at, key, replays: this.#replays, bonds: this.#bonds, leaving: this.#duty.leaving() },
      ...{ wants: () => this.#wants(), known: this.#known },
    });
    if (joined.act === "refuse") return this.#refuse(kept, joined);
    const why = "why" in joined && joined.why !== undefined ? { why: joined.why } : {};
    const code = "code" in joined ? { code: joined.code } : {};
    const state = joined.act === "queue" ? "queued" : joined.act;
    if (joined.act === "drop" && joined.why !== "eliminated") this.#record.tooLate(kept, joined.why);
    else this.#record.set(kept, { state, ...why, ...code });
    if (joined.act === "nothing") this.#close(kept);
    if (joined.act === "drop") await this.#rest(kept, lease, at.dispute);
    return joined.act === "named";
  }

  /** What this node would accuse, as far as its verdicts say, and what each would need at least. */
  #wants(): Want[] {
    const { chain } = this.#context;
    const now = chain.now();
    return this.#open().flatMap((kept) => {
      const lease = chain.lease(kept.leaseId);
      if (kept.side !== "rival" || lease === undefined || lease.state === "settled") return [];
      const dispute = chain.court.disputes().find(({ commitmentHash }) => commitmentHash === kept.commitment);
      if (dispute?.eliminated !== undefined || ownRival(dispute, chain.court.accounts()) !== undefined) return [];
      const committedAt = chain.court.committedAt(kept.leaseId, BigInt(kept.segment)) ?? 0n;
      const until = committedAt + chain.params.challengeWindowSeconds;
      // Another sponsor's money is in, this node's may never be needed; or something else than what it waits for forbids it.
      const { state, why } = this.#record.get(keyOf(kept)) ?? {};
      if (now > until || why === "otherSponsor" || state === "refused") return [];
      const there = dispute?.rivals.filter(({ end }) => end === "in").length ?? 0;
      return [{ key: keyOf(kept), value: lease.bond, until, bond: placeBond(chain.params, there) }];
    });
  }

  #isLive({ commitment, side }: Kept): boolean {
    const { court } = this.#context.chain;
    const dispute = court.disputes().find(({ commitmentHash }) => commitmentHash === commitment);
    return sideOf(side, dispute, court.accounts())?.end === "in";
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  /** Nothing is due: the worker goes at once, the rest once no rewind can bring the dispute back. */
  async #rest(kept: Kept, lease: LeaseFacts, dispute: DisputeState | undefined): Promise<void> {
    const { chain } = this.#context;
    const key = keyOf(kept);
    await this.#replays.close(key);
    if (dispute?.rivals.some(({ end }) => end === "in") && kept.side === "defender" && dispute.eliminated === undefined)
      return;
    const rest = BigInt(Math.ceil(restBlocks * chain.blockSeconds));
    const committedAt = chain.court.committedAt(kept.leaseId, BigInt(kept.segment));
    const windowEnds = (committedAt ?? 0n) + chain.params.challengeWindowSeconds;
    const eliminatedAt = dispute?.eliminated?.at;
    const isOver =
      lease.state === "settled" ||
      (eliminatedAt !== undefined && chain.now() > eliminatedAt + rest) ||
      chain.now() > windowEnds + rest;
    if (isOver) this.#close(kept);
  }

  #close(kept: Kept): void {
    const { store, clock, blobs, log } = this.#context;
    putDispute(store, { dispute: kept, at: clock.now(), closed: true });
    const others = openDisputes(store, { limit: mostOpen });
    if (!others.some(({ leaseId, segment }) => leaseId === kept.leaseId && segment === kept.segment))
      blobs.unpinAll(disputePin(kept.leaseId, BigInt(kept.segment)));
    void this.#replays.forget(keyOf(kept));
    this.#record.forget(keyOf(kept));
    this.#known.delete(keyOf(kept));
    this.#idleAt.delete(keyOf(kept));
    if (kept.side === "rival") this.#bonds.isDue = true;
    log.info({ leaseId: kept.leaseId, segment: kept.segment, side: kept.side }, "dispute put away");
  }

  #refuse(kept: Kept, refusal: { code: string; why?: string | undefined }): false {
    this.#record.refuse(kept, refusal);
    return false;
  }
}

const commitmentIn = (key: string): Hex => key.split("/")[1] as Hex;

/** The game that a side of this node's is in: the live one as a defender, its own as a rival. */
function sideOf(
  side: DisputeSide,
  dispute: DisputeState | undefined,
  accounts: readonly Hex[],
): RivalState | undefined {
  if (side === "rival") return ownRival(dispute, accounts);
  return dispute?.rivals.find(({ game }) => game === dispute.live);
}
