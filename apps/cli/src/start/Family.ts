// The processes of a local network, started together and ended in order: gateway, then nodes, then the chain, so that
// the chain has everything the others did before they went, and writes its state last.
import { setTimeout as sleep } from "node:timers/promises";
import { WeftError } from "@weft/protocol/Errors";
import type { Home } from "../Home.ts";
import { type Child, type ChildOptions, lastLines, spawnChild } from "../process/Child.ts";
import { removeRecord, writeRecord } from "../process/RunFolder.ts";

/** Time for a process to write its state. */
const graceMs = 8000;
/** The keeper ends last, after every other one had its grace. */
const keeperMs = 2 * graceMs;

export class Family {
  readonly #home: Home;
  readonly #children: Child[] = [];
  #keeper: Child | undefined;
  #stopping: Promise<void> | undefined;
  #pausing = false;
  #isBroken = false;
  /** Rejects when the chain or the gateway ends that nobody asked to end. A lost node is what failover is for. */
  readonly broken: Promise<never>;
  #break: (error: unknown) => void = () => {};
  readonly #onLost: (role: string) => void;

  /** @param onLost told when a node ends by itself */
  constructor(home: Home, onLost: (role: string) => void) {
    this.#home = home;
    this.#onLost = onLost;
    this.broken = new Promise((_, reject) => {
      this.#break = reject;
    });
    // Whoever cares awaits it; before that a rejection is not unhandled.
    this.broken.catch(() => {});
  }

  /** The keeper comes first: it is told of every later child, and ends them should this process be killed. */
  spawnKeeper(options: ChildOptions): Child {
    const keeper = this.#watch(spawnChild(options));
    this.#keeper = keeper;
    return keeper;
  }

  spawn(options: ChildOptions): Child {
    const child = spawnChild(options);
    if (child.record !== undefined) this.#keeper?.send(JSON.stringify({ guard: child.record }));
    this.#children.push(child);
    return this.#watch(child);
  }

  #watch(child: Child): Child {
    writeRecord(this.#home, child.role, child.pid);
    void child.exited.then(async ({ code, signal }) => {
      removeRecord(this.#home, child.role, child.pid);
      // Who ends in good order was told to: by the keeper, most likely, whose chain is gone. Then that is the news.
      if (code === 0 && !this.#expected() && child !== this.#keeper && this.#keeper !== undefined)
        await Promise.race([this.#keeper.exited, sleep(keeperMs, undefined, { ref: false })]);
      if (this.#expected()) return;
      if (child.role.startsWith("node-")) {
        this.#onLost(child.role);
        return;
      }
      this.#isBroken = true;
      this.#break(
        new WeftError(`${child.role} ended by itself (${signal ?? `exit ${code}`})`, {
          code: "child.ended",
          fault: "us",
          details: { log: child.logFile, ...lastLines(child.logFile) },
          remedy: "read its log, then start again: what is on disk is reused",
        }),
      );
    });
    return child;
  }

  #expected(): boolean {
    return this.#stopping !== undefined || this.#pausing || this.#isBroken;
  }

  /** Ends every process, and is ready to start others. */
  async endAll(): Promise<void> {
    this.#pausing = true;
    await this.#stopAll();
    this.#children.length = 0;
    this.#keeper = undefined;
    this.#pausing = false;
  }

  /** Idempotent; resolves when every process is gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const gateways = this.#children.filter(({ role }) => role === "gateway");
    const others = this.#children.filter(({ role }) => role !== "gateway");
    await Promise.all(gateways.map((child) => child.stop(graceMs)));
    await Promise.all(others.map((child) => child.stop(graceMs)));
    await this.#keeper?.stop(graceMs + 4000);
  }

  /** A second Ctrl-C: nobody is waited for, the chain excepted, whose state must be written. */
  async kill(): Promise<void> {
    this.#stopping ??= Promise.resolve();
    await Promise.all(this.#children.map((child) => child.stop(0)));
    await this.#keeper?.stop(graceMs);
  }
}
