// All leases this node provides: takes new ones from the chain, brings those of before a restart back from disk, and
// serves the job sessions that gateways open.
import { WeftError } from "@weft/protocol/Errors";
import { protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import { refusal } from "@weft/transport/Request";
import type { Channel, Remote } from "@weft/transport/Transport";
import { decodeMessage, encodeMessage } from "@weft/transport/Wire";
import type { Hex } from "viem";
import { Loop } from "../Loop.ts";
import type { NodeContext } from "../NodeContext.ts";
import { getLease, openLeases } from "../store/leases.ts";
import { JobSession } from "./JobSession.ts";
import type { LeaseBody, LeasePhase } from "./LeaseBody.ts";
import { LeaseRun } from "./LeaseRun.ts";

/** Leases one node keeps open at most; far above what its pools can hold. */
const mostLeases = 1024;
const openTimeoutMs = 15_000;
/** A gateway may be a few blocks ahead of this node's snapshot. */
const chainLagMs = 10_000;
const lagPollMs = 100;

const phases: readonly LeasePhase[] = ["waiting", "inputs", "ready", "running", "finished", "failed"];

export class LeaseBoard {
  readonly #context: NodeContext;
  readonly #runs = new Map<Hex, LeaseRun>();
  readonly #loop: Loop;
  readonly #stopping = new AbortController();
  #unsubscribe: (() => void) | undefined;

  constructor(context: NodeContext) {
    this.#context = context;
    this.#loop = new Loop(
      { name: "leases", everyMs: 2000, leastMs: 20, step: async () => this.#takeNew() },
      { clock: context.clock, log: context.log },
    );
  }

  start(): void {
    const { chain, store, transport } = this.#context;
    for (const kept of openLeases(store, { role: "provider", limit: mostLeases }))
      this.#add(kept.leaseId, kept.phase, kept.body as LeaseBody);
    transport.handle(protocols.job, (channel, from) => this.#serve(channel, from));
    this.#unsubscribe = chain.onChange(() => {
      this.#loop.poke();
      for (const run of this.#runs.values()) run.poke();
    });
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#stopping.abort();
    await Promise.all([this.#loop.stop(), ...[...this.#runs.values()].map((run) => run.stop())]);
  }

  get(leaseId: Hex): LeaseRun | undefined {
    return this.#runs.get(leaseId);
  }

  runs(): LeaseRun[] {
    return [...this.#runs.values()];
  }

  /** Leases that need threads now or soon. */
  active(): number {
    return this.runs().filter(({ leaseId, phase }) => {
      const state = this.#context.chain.lease(leaseId)?.state;
      return phase !== "finished" && phase !== "failed" && state !== undefined && !isOver(state);
    }).length;
  }

  #takeNew(): void {
    const { chain, nodeId, store, log } = this.#context;
    for (const facts of chain.leasesOf(nodeId)) {
      if (this.#runs.has(facts.leaseId) || this.#runs.size >= mostLeases) continue;
      const kept = getLease(store, { leaseId: facts.leaseId });
      const body = { orderHash: facts.orderHash, offerHash: facts.offerHash, carryMs: 0 };
      if (kept === undefined) log.info({ leaseId: facts.leaseId }, "lease opened");
      this.#add(facts.leaseId, kept?.phase ?? "waiting", (kept?.body as LeaseBody | undefined) ?? body);
    }
  }

  #add(leaseId: Hex, phase: string, body: LeaseBody): void {
    const known = phases.find((one) => one === phase) ?? "waiting";
    const run = new LeaseRun(this.#context, { leaseId, phase: known, body }, (gone) => this.#remove(gone));
    this.#runs.set(leaseId, run);
    run.start();
  }

  #remove(leaseId: Hex): void {
    const run = this.#runs.get(leaseId);
    this.#runs.delete(leaseId);
    void run?.stop();
  }

  async #serve(channel: Channel, from: Remote): Promise<void> {
    const bytes = await channel.receive({ timeoutMs: openTimeoutMs });
    if (bytes === undefined) return;
    const { body: open } = decodeMessage({ "job.open": streams["job.open"] }, bytes);
    let run: LeaseRun;
    try {
      run = await this.#find(open.leaseId);
      run.open(open, from);
    } catch (error) {
      await this.#refuse(channel, { open, from, error });
      return;
    }
    await channel.send(encodeMessage(streams, "job.accepted", { leaseId: open.leaseId }));
    const session = new JobSession(channel, { peerId: from.peerId, clock: this.#context.clock });
    run.attach(session);
    try {
      await session.run({
        onAnswer: (segment, answer) => {
          run.pipeline.onAnswer(segment, answer);
          run.poke();
        },
        onStop: (stop) => run.onStop(stop),
      });
    } finally {
      run.detach(session);
    }
  }

  /** The lease, waiting a little for a snapshot that is behind the gateway's. */
  async #find(leaseId: Hex): Promise<LeaseRun> {
    const { clock, chain } = this.#context;
    const until = clock.now() + chainLagMs;
    for (;;) {
      const run = this.#runs.get(leaseId);
      if (run !== undefined && chain.lease(leaseId) !== undefined) return run;
      const facts = chain.lease(leaseId);
      if (facts !== undefined && facts.nodeId !== this.#context.nodeId)
        throw new WeftError("the lease is another node's", { code: "lease.notMine", remedy: "dial the lease's node" });
      if (clock.now() > until || this.#stopping.signal.aborted)
        throw new WeftError("this node knows no such lease", { code: "lease.unknown", retryable: true });
      this.#loop.poke();
      await clock.sleep(lagPollMs, this.#stopping.signal).catch(() => {});
    }
  }

  async #refuse(
    channel: Channel,
    about: { open: StreamMessage<"job.open">; from: Remote; error: unknown },
  ): Promise<void> {
    const { open, from, error } = about;
    const known =
      error instanceof WeftError
        ? error
        : new WeftError("the job could not be opened here", { code: "handler", retryable: true, cause: error });
    this.#context.log.warn({ leaseId: open.leaseId, peer: from.peerId, err: error }, "job session refused");
    const { code, message, retryable } = known;
    await channel.send(encodeMessage(refusal, "refused", { code, message: message.slice(0, 512), retryable }));
  }
}

const isOver = (state: string): boolean => state === "closing" || state === "settling" || state === "settled";
