// Replays what can still be challenged of nodes that a court or two auditors found false once (dueRechecks.ts), one segment at a time and least
// favoured. What it finds false goes to the court like an audit's; there is no verdict to seal, and no pay but the bond's half.

import { Loop } from "../Loop.ts";
import { auditPin, type NodeContext } from "../NodeContext.ts";
import { Tasks } from "../Tasks.ts";
import type { Duty } from "./AuditBoard.ts";
import { convictedNodes, dueRechecks, type Recheck } from "./dueRechecks.ts";
import { replayForVerdict } from "./replayForVerdict.ts";

/** Segments remembered; more than a window's. */
const mostDone = 8192;
/** Tries for one segment: nobody has to give what it is replayed from. */
const mostTries = 5;

export class RecheckService {
  readonly #context: NodeContext;
  readonly #duty: Duty;
  readonly #loop: Loop;
  /** One replay at a time: each takes a whole worker. */
  readonly #replays: Tasks;
  /** Hashes of commitments that were replayed, or that aren't this node's to replay. */
  readonly #done = new Set<string>();

  constructor(context: NodeContext, duty: Duty) {
    this.#context = context;
    this.#duty = duty;
    const { clock, log } = context;
    this.#loop = new Loop({ name: "recheck", everyMs: 2000, leastMs: 500, step: () => this.#step() }, { clock, log });
    const onEnd = () => this.#loop.poke();
    this.#replays = new Tasks({ clock, log, onEnd, limit: 1, firstRetryMs: 1000 });
  }

  start(): void {
    this.#context.chain.onChange(() => this.#loop.poke());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#replays.stop()]);
  }

  async #step(): Promise<void> {
    const { chain, nodeId, settings } = this.#context;
    // Whoever may not bond could do nothing with what it finds.
    if (this.#duty.leaving() || settings.court.bonds === 0n) return;
    const segments = chain.openSegments();
    const convicted = convictedNodes(chain.court.disputes(), segments, ({ leaseId }) => chain.lease(leaseId)?.nodeId);
    if (convicted.size === 0) return;
    const open = segments.flatMap(({ lease, segment }) => {
      if (this.#done.has(segment.commitmentHash) || !chain.court.hears(lease.leaseId)) return [];
      return { lease, segment, committedAt: chain.court.committedAt(lease.leaseId, segment.segment) ?? 0n };
    });
    const { challengeWindowSeconds: windowSeconds } = chain.params;
    const at = { now: chain.now(), windowSeconds, busy: this.#duty.busy() };
    for (const due of dueRechecks({ ...at, convicted, nodeId, open })) await this.#look(due);
  }

  async #look(due: Recheck): Promise<void> {
    const { lease, segment } = due;
    const { draws, nodeId } = this.#context;
    const draw = await draws.get(lease.leaseId, segment.segment);
    if (draw === undefined) return;
    const key = `recheck/${segment.commitmentHash}`;
    // Sampled ones are the audit's.
    if (draw.sampled || !draw.auditors.includes(nodeId) || this.#replays.failures(key) >= mostTries)
      return this.#close(segment.commitmentHash);
    this.#replays.run(key, (signal) => this.#replay(due, signal));
  }

  async #replay({ lease, segment }: Recheck, signal: AbortSignal): Promise<void> {
    const { chain, draws, blobs, log } = this.#context;
    const { leaseId } = lease;
    const [commitment, draw] = await Promise.all([
      chain.commitment(leaseId, segment.segment),
      draws.get(leaseId, segment.segment),
    ]);
    if (draw === undefined) return;
    const { seed, holders } = draw;
    const pin = auditPin(leaseId, segment.segment);
    try {
      const found = await replayForVerdict(this.#context, { lease, commitment, seed, holders, signal });
      const { verdict, ...from } = found;
      if (!verdict.ok) this.#duty.onFalse(lease, commitment, from);
      log[verdict.ok ? "info" : "warn"](
        { leaseId, segment: segment.segment.toString(), ok: verdict.ok },
        "a convicted node's other segment was replayed",
      );
    } finally {
      blobs.unpinAll(pin);
    }
    this.#close(segment.commitmentHash);
  }

  #close(commitmentHash: string): void {
    if (this.#done.size >= mostDone) this.#done.clear();
    this.#done.add(commitmentHash);
  }
}
