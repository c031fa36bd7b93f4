// The audits this node was drawn for, from the draw to the opened verdict. Each step decides per segment
// (decideAudit.ts); the salt and the verdict are on disk before the seal is sent, so a restart seals and opens the same.
import type { Verdict as SealedVerdict } from "@weft/chain/actions/commitAudit";
import type { LeaseFacts, SegmentFacts } from "@weft/chain/facts";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { auditStep } from "@weft/verification/draw";
import type { Verdict } from "@weft/verification/verdict";
import { bytesToHex, type Hex } from "viem";
import type { AuditFacts, DrawFacts } from "../chain/NodeChain.ts";
import { Loop } from "../Loop.ts";
import { auditPin, type NodeContext } from "../NodeContext.ts";
import { getAudit, type KeptAudit, openAudits, putAudit } from "../store/audits.ts";
import { Tasks } from "../Tasks.ts";
import { type AuditAction, decideAudit } from "./decideAudit.ts";
import { type FoundVerdict, replayForVerdict } from "./replayForVerdict.ts";

interface Kept {
  verdict: Verdict;
}

interface Watched {
  commitmentHash: Hex;
  readySince: bigint;
  /** Not this node's business, or not any more. */
  dropped: boolean;
  /** Ends the replay that runs. */
  replaying?: AbortController;
  facts?: { at: number; value: AuditFacts };
}

export interface Duty {
  /** Paid work runs on this node. */
  busy(): boolean;
  /** No new audit is begun. */
  leaving(): boolean;
  /** The segment is false, by a replay of the contents; said before the verdict is kept. */
  onFalse(lease: LeaseFacts, commitment: SegmentCommitment, from: Omit<FoundVerdict, "verdict">): void;
}

/** Segments remembered; the oldest are looked at again, at the price of a draw. */
const mostWatched = 8192;
/** How long an audit's state read from the chain counts; deadlines are seconds. */
const factsForMs = 900;
const mostKeptOpen = 256;

export class AuditBoard {
  readonly #context: NodeContext;
  readonly #duty: Duty;
  readonly #loop: Loop;
  readonly #tasks: Tasks;
  /** One replay at a time: each takes a whole worker. */
  readonly #replays: Tasks;
  readonly #watched = new Map<string, Watched>();

  constructor(context: NodeContext, duty: Duty) {
    this.#context = context;
    this.#duty = duty;
    const { clock, log } = context;
    this.#loop = new Loop({ name: "auditor", everyMs: 1000, leastMs: 100, step: () => this.#step() }, { clock, log });
    const onEnd = () => this.#loop.poke();
    this.#tasks = new Tasks({ clock, log, onEnd });
    this.#replays = new Tasks({ clock, log, onEnd, limit: 1, firstRetryMs: 1000 });
  }

  start(): void {
    this.#context.chain.onChange(() => this.#loop.poke());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#tasks.stop(), this.#replays.stop()]);
  }

  async #step(): Promise<void> {
    const { chain, nodeId } = this.#context;
    for (const { lease, segment } of chain.openSegments()) {
      if (lease.nodeId === nodeId || isClosed(segment) || segment.voided) continue;
      await this.#look(lease, segment);
    }
    this.#closeFinished();
  }

  async #look(lease: LeaseFacts, segment: SegmentFacts): Promise<void> {
    const { draws, nodeId, chain } = this.#context;
    const watched = this.#watch(lease, segment);
    if (watched.dropped || !draws.isDue(segment.beaconRound)) return;
    const draw = await draws.get(lease.leaseId, segment.segment);
    if (draw === undefined) return;
    if (watched.readySince === 0n) watched.readySince = chain.now();
    if (!draw.sampled || !draw.auditors.includes(nodeId)) {
      watched.dropped = true;
      return;
    }
    const kept = this.#kept(lease, segment);
    const action = decideAudit({
      ...{ nodeId, now: chain.now(), draw, facts: await this.#facts(lease, segment, watched) },
      readySince: watched.readySince,
      verdict: kept === undefined ? undefined : { sealed: true },
      commitSeconds: chain.params.auditCommitSeconds,
      over: false,
      busy: this.#duty.busy(),
      leaving: this.#duty.leaving(),
      closed: lease.state !== "running",
    });
    if (action.act === "drop") this.#letGo(watched, { lease, segment, why: action.why });
    else this.#perform(action, { lease, segment, draw, kept });
  }

  /** Nobody needs this node's verdict any more: the machine is free for the next. */
  #letGo(watched: Watched, about: { lease: LeaseFacts; segment: SegmentFacts; why: string }): void {
    const { lease, segment, why } = about;
    watched.dropped = true;
    watched.replaying?.abort(new WeftError(`the audit is let go: ${why}`, { code: "audit.letGo", fault: "us" }));
    const level = why === "late" ? "warn" : "debug";
    this.#context.log[level](
      { leaseId: lease.leaseId, segment: segment.segment.toString(), why },
      why === "late" ? "too late for an audit" : "audit let go",
    );
  }

  #watch(lease: LeaseFacts, segment: SegmentFacts): Watched {
    const key = keyOf(lease, segment);
    const there = this.#watched.get(key);
    if (there !== undefined && there.commitmentHash === segment.commitmentHash) return there;
    const fresh: Watched = { commitmentHash: segment.commitmentHash, readySince: 0n, dropped: false };
    this.#watched.set(key, fresh);
    const oldest = this.#watched.keys().next().value;
    if (this.#watched.size > mostWatched && oldest !== undefined) this.#watched.delete(oldest);
    return fresh;
  }

  async #facts(lease: LeaseFacts, segment: SegmentFacts, watched: Watched): Promise<AuditFacts> {
    const now = this.#context.clock.now();
    if (watched.facts !== undefined && now - watched.facts.at < factsForMs) return watched.facts.value;
    const value = await this.#context.chain.audit(lease.leaseId, segment.segment);
    watched.facts = { at: now, value };
    return value;
  }

  #kept(lease: LeaseFacts, segment: SegmentFacts): KeptAudit<Kept> | undefined {
    const which = { leaseId: lease.leaseId, segment: Number(segment.segment), round: segment.beaconRound };
    return getAudit(this.#context.store, which) as KeptAudit<Kept> | undefined;
  }

  #perform(
    action: AuditAction,
    about: { lease: LeaseFacts; segment: SegmentFacts; draw: DrawFacts; kept: KeptAudit<Kept> | undefined },
  ): void {
    const { chain } = this.#context;
    const { lease, segment, kept } = about;
    const key = keyOf(lease, segment);
    const which = { leaseId: lease.leaseId, segment: segment.segment };
    if (action.act === "replay") this.#replays.run(`replay/${key}`, (signal) => this.#replay(about, signal));
    else if (action.act === "seal" && kept !== undefined)
      this.#tasks.run(`seal/${key}`, async () => {
        try {
          await chain.commitAudit(this.#sealed(lease, segment, kept));
        } catch (error) {
          const watched = this.#watched.get(key);
          if (watched === undefined || !hasCode(error, "audits.AuditTooLate")) throw error;
          return this.#letGo(watched, { lease, segment, why: "late" });
        }
        // The opening is due within seconds: what was read before the seal doesn't count any more.
        delete this.#watched.get(key)?.facts;
      });
    else if (action.act === "reveal" && kept !== undefined)
      this.#tasks.run(`reveal/${key}`, async () => {
        const commitment = await chain.commitment(lease.leaseId, segment.segment);
        const { path } = kept.body.verdict;
        await chain.revealAudit({ commitment, verdict: this.#sealed(lease, segment, kept), path });
      });
    else if (action.act === "open")
      this.#tasks.run(`open/${key}`, async () => void (await chain.openAudit(which.leaseId, which.segment)));
    else if (action.act === "resolve") {
      const deadline = this.#watched.get(key)?.facts?.value.deadline ?? 0n;
      this.#tasks.run(`resolve/${key}`, async () => void (await chain.resolveTimeout({ ...which, deadline })));
    }
  }

  async #replay(
    about: { lease: LeaseFacts; segment: SegmentFacts; draw: DrawFacts },
    signal: AbortSignal,
  ): Promise<void> {
    const { store, clock, random, log, chain, nodeId, blobs } = this.#context;
    const { lease, segment, draw } = about;
    const commitment = await chain.commitment(lease.leaseId, segment.segment);
    const startedAt = clock.now();
    const stop = new AbortController();
    const watched = this.#watched.get(keyOf(lease, segment));
    if (watched !== undefined) watched.replaying = stop;
    const found = await replayForVerdict(this.#context, {
      ...{ lease, commitment, seed: draw.seed, holders: draw.holders },
      signal: AbortSignal.any([signal, stop.signal]),
    }).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    if (found === undefined) return;
    const { verdict, ...from } = found;
    if (!verdict.ok) this.#duty.onFalse(lease, commitment, from);
    blobs.unpinAll(auditPin(lease.leaseId, segment.segment));
    const secret = bytesToHex(random(32));
    const audit = {
      ...{ leaseId: lease.leaseId, segment: Number(segment.segment), round: segment.beaconRound, secret },
      body: { verdict } satisfies Kept,
    };
    putAudit(store, { audit, at: clock.now() });
    log.info(
      {
        ...{ leaseId: lease.leaseId, segment: segment.segment.toString(), ok: verdict.ok },
        ...{ step: auditStep(draw.seed, nodeId, commitment).toString(), ms: Math.round(clock.now() - startedAt) },
      },
      "segment audited",
    );
  }

  #sealed(lease: LeaseFacts, segment: SegmentFacts, kept: KeptAudit<Kept>): SealedVerdict {
    const { ok, stepRoot, altHistoryRoot } = kept.body.verdict;
    const { nodeId } = this.#context;
    return {
      leaseId: lease.leaseId,
      segment: segment.segment,
      auditor: nodeId,
      ok,
      stepRoot,
      altHistoryRoot,
      salt: kept.secret,
    };
  }

  /** Lets go of what is over, so that disk and pins are bounded. */
  #closeFinished(): void {
    const { store, chain, clock, blobs } = this.#context;
    for (const audit of openAudits(store, { limit: mostKeptOpen })) {
      const lease = chain.lease(audit.leaseId);
      if (lease === undefined) continue;
      const segment = chain.segments(audit.leaseId).find((one) => Number(one.segment) === audit.segment);
      if (lease.state !== "settled" && (segment === undefined || !isClosed(segment))) continue;
      putAudit(store, { audit, at: clock.now(), closed: true });
      blobs.unpinAll(auditPin(audit.leaseId, BigInt(audit.segment)));
    }
  }
}

const keyOf = (lease: LeaseFacts, segment: SegmentFacts): string => `${lease.leaseId}/${segment.segment}`;

const isClosed = ({ audit }: SegmentFacts): boolean =>
  audit === "passed" || audit === "confirmed" || audit === "lapsed";
