// Sends one account's transactions: nonces, fees, a bounded queue, replacement, receipts, and the same intent once only.
//
// Broadcasts are serial, receipts are awaited together. A record is written before each broadcast, so after a kill the
// caller sends the same intents again and each one is resumed: found mined, broadcast again, or signed anew when the
// chain went back and its nonce went to something else. One Sender per account at a time; two of them on one account
// still work, at the price of retries. Not a bundle service: intents are independent of each other.
import type { Clock } from "@weft/protocol/Clock";
import type { WeftError } from "@weft/protocol/Errors";
import type { Address, Hex, TransactionReceipt } from "viem";
import { type ChainClient, pollMsOf } from "./ChainClient.ts";
import type { GasAccount, Intent, IntentResult, IntentStore } from "./Intent.ts";
import { closedError, type Job, newJob, nonceContested, queueFull, resultOf, type Sent, timedOut } from "./Job.ts";
import type { AccountSigner } from "./Keys.ts";
import { chainError, isTransient, revertError } from "./Reverts.ts";
import { limitsFor, type SenderLimits } from "./senderLimits.ts";
import * as Transaction from "./Transaction.ts";

export interface SenderOptions {
  signer: AccountSigner;
  store: IntentStore;
  clock: Clock;
  limits?: Partial<SenderLimits>;
}

const maxRelaunches = 4;
const maxReplacements = 8;
const maxGapFill = 64;

export class Sender {
  readonly address: Address;
  readonly #client: ChainClient;
  readonly #options: SenderOptions;
  readonly #limits: SenderLimits;
  /** Accepted intents by key, for callers that want the same thing at the same time. */
  readonly #wanted = new Map<string, Promise<IntentResult>>();
  readonly #unsettled = new Set<Job>();
  readonly #queue: Job[] = [];
  readonly #inFlight = new Map<number, Job>();
  /** Settled jobs by nonce, oldest first. */
  readonly #settled = new Map<number, { job: Job; block: bigint }>();
  readonly #gas = new Map<string, GasAccount>();
  #pumping = false;
  #watching = false;
  #closed = false;
  #head = 0n;
  #fees: { at: number; fees: Transaction.Fees } | undefined;

  constructor(client: ChainClient, options: SenderOptions) {
    this.address = options.signer.address;
    this.#client = client;
    this.#options = options;
    this.#limits = limitsFor(client.profile, options.limits);
  }

  /**
   * Resolves once mined and confirmed. The same key again gives the same result without a second transaction.
   * @throws WeftError the contract's own refusal (`market.…`), `chain.queueFull`, `chain.timeout`, `chain.noGas`,
   * `chain.unreachable`, `chain.closed`
   */
  send(intent: Intent): Promise<IntentResult> {
    const wanted = this.#wanted.get(intent.key);
    if (wanted !== undefined) return wanted;
    if (this.#closed) return Promise.reject(closedError());
    if (this.#wanted.size >= this.#limits.maxQueued) return Promise.reject(queueFull(this.#limits.maxQueued));
    const { job, promise } = this.#accept(intent);
    this.#queue.push(job);
    void this.#pump();
    return promise;
  }

  /** A job under its intent's key: until it settles, whoever wants the same intent waits for this one. */
  #accept(intent: Intent): { job: Job; promise: Promise<IntentResult> } {
    const { promise: settled, resolve, reject } = Promise.withResolvers<IntentResult>();
    const job = newJob(intent, this.#options.clock.now(), { resolve, reject });
    this.#unsettled.add(job);
    const promise = settled.finally(() => {
      this.#wanted.delete(intent.key);
      this.#unsettled.delete(job);
    });
    this.#wanted.set(intent.key, promise);
    return { job, promise };
  }

  /** Gas of everything this Sender saw mined, by kind. */
  gasSpent(): ReadonlyMap<string, GasAccount> {
    return this.#gas;
  }

  /** Told by whoever follows the chain that blocks above `toBlock` are gone: what was mined there is sent again. */
  async rewound(toBlock: bigint): Promise<void> {
    this.#head = toBlock;
    const lost = [...this.#settled].filter(([, entry]) => entry.block > toBlock).sort(([a], [b]) => a - b);
    for (const [nonce, { job: before }] of lost) {
      this.#settled.delete(nonce);
      if (this.#closed || this.#wanted.has(before.intent.key) || before.sent === undefined) continue;
      if (this.#inFlight.has(nonce)) {
        this.#startOver(before);
        continue;
      }
      const job = this.#revive(before);
      job.sent = { ...before.sent, nudgedAt: this.#options.clock.now() };
      this.#inFlight.set(nonce, job);
      // Failing is no matter: it is broadcast again until it is mined or another has its nonce.
      await Transaction.broadcast(this.#client, before.sent.raw).catch(() => undefined);
    }
    void this.#watch();
  }

  /** Wants again what was mined once and is gone; nobody waits for it. */
  #revive(before: Job): Job {
    const { job, promise } = this.#accept(before.intent);
    promise.catch(() => undefined);
    job.counted = before.counted;
    return job;
  }

  /** Another intent has the nonce that it was mined with: it gets a new one. */
  #startOver(before: Job): void {
    this.#queue.push(this.#revive(before));
    void this.#pump();
  }

  /** Accepts nothing more and lets go of what is not settled; its records stay for a later Sender. */
  close(): void {
    this.#closed = true;
    for (const job of this.#unsettled) job.reject(closedError());
    this.#queue.length = 0;
    this.#inFlight.clear();
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length > 0 && !this.#closed) {
      if (this.#inFlight.size >= this.#limits.maxInFlight) {
        await this.#options.clock.sleep(pollMsOf(this.#client.profile));
        continue;
      }
      const job = this.#queue.shift() as Job;
      try {
        await this.#launch(job);
      } catch (error) {
        await this.#launchFailed(job, error);
      }
      void this.#watch();
    }
    this.#pumping = false;
  }

  async #launchFailed(job: Job, error: unknown): Promise<void> {
    const late = this.#options.clock.now() - job.acceptedAt > this.#limits.timeoutMs;
    if (!isTransient(error) || late || this.#closed) {
      job.reject(chainError(error, this.#contextOf(job.intent)));
      return;
    }
    this.#queue.unshift(job);
    await this.#options.clock.sleep(Math.max(500, pollMsOf(this.#client.profile)));
  }

  /** Resumes what the record knows, or estimates, signs, records and broadcasts a fresh transaction. */
  async #launch(job: Job): Promise<void> {
    if (job.sent === undefined && (await this.#resume(job))) return;
    const gas = await Transaction.estimateGas(this.#client, this.address, job.intent);
    const fees = await this.#currentFees();
    const nonce = await this.#nextNonce();
    await this.#signAndBroadcast(job, { nonce, gas, fees, hashes: [] });
  }

  async #signAndBroadcast(
    job: Job,
    plan: { nonce: number; gas: bigint; fees: Transaction.Fees; hashes: Hex[] },
  ): Promise<void> {
    const signed = await Transaction.sign(this.#client, this.#options.signer, { intent: job.intent, ...plan });
    const now = this.#options.clock.now();
    job.sent = { ...plan, raw: signed.raw, hashes: [...plan.hashes, signed.hash], feesSetAt: now, nudgedAt: now };
    await this.#record(job, "sent");
    const outcome = await Transaction.broadcast(this.#client, signed.raw);
    if (this.#closed) return;
    if (outcome === "accepted") this.#hold(job);
    else await this.#relaunch(job, outcome);
  }

  /** Puts a broadcast job under its nonce; another intent that was there lost the nonce and starts over. */
  #hold(job: Job): void {
    const { nonce } = job.sent as Sent;
    const other = this.#inFlight.get(nonce);
    this.#inFlight.set(nonce, job);
    if (other === undefined || other === job) return;
    other.sent = { ...(other.sent as Sent), hashes: [] };
    this.#queue.unshift(other);
    void this.#pump();
  }

  /** Frees the job's nonce, unless another job was given it meanwhile. */
  #letGo(job: Job): void {
    const { nonce } = job.sent as Sent;
    if (this.#inFlight.get(nonce) === job) this.#inFlight.delete(nonce);
  }

  /** Another transaction has the nonce. Ours may be that one under an earlier fee; otherwise start over. */
  async #relaunch(job: Job, why: string): Promise<void> {
    const sent = job.sent as Sent;
    const receipt = await Transaction.receiptOf(this.#client, sent.hashes);
    if (receipt !== undefined || (why === "underpriced" && sent.hashes.length > 1)) {
      this.#hold(job);
      return;
    }
    if (++job.relaunches > maxRelaunches) throw nonceContested(job.intent);
    this.#letGo(job);
    job.sent = { ...sent, hashes: [] };
    this.#queue.unshift(job);
    void this.#pump();
  }

  /** True when an earlier broadcast of this intent is mined or waits; then nothing new is signed. */
  async #resume(job: Job): Promise<boolean> {
    const record = await this.#options.store.get(job.intent.key);
    if (record === undefined || record.state === "reverted") return false;
    // In this order: a transaction mined in between must not look like one whose nonce went to another.
    const count = await Transaction.nonceOf(this.#client, this.address, "latest");
    const receipt = await Transaction.receiptOf(this.#client, record.hashes);
    const fees = await this.#currentFees();
    const lost = record.nonce < count || this.#inFlight.has(record.nonce);
    if (receipt === undefined && lost) return false;
    const now = this.#options.clock.now();
    const { nonce, raw, hashes } = record;
    job.sent = { nonce, raw, hashes, gas: 0n, fees, feesSetAt: now, nudgedAt: now };
    // Held before the broadcast: a rewind that is noticed meanwhile must find it.
    this.#hold(job);
    if (receipt !== undefined) return true;
    const outcome = await Transaction.broadcast(this.#client, record.raw);
    if (outcome === "nonceUsed") await this.#relaunch(job, outcome);
    return true;
  }

  async #nextNonce(): Promise<number> {
    let nonce = await Transaction.nonceOf(this.#client, this.address, "pending");
    while (this.#inFlight.has(nonce)) nonce++;
    return nonce;
  }

  async #currentFees(): Promise<Transaction.Fees> {
    const now = this.#options.clock.now();
    const lifeMs = Math.min(this.#client.profile.blockSeconds * 1000, 2000);
    if (this.#fees === undefined || now - this.#fees.at > lifeMs)
      this.#fees = { at: now, fees: await Transaction.currentFees(this.#client) };
    return this.#fees.fees;
  }

  async #watch(): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    while (this.#inFlight.size > 0 && !this.#closed) {
      try {
        await this.#look();
      } catch (error) {
        if (!isTransient(error)) for (const job of this.#inFlight.values()) this.#fail(job, error);
      }
      if (this.#inFlight.size > 0) await this.#options.clock.sleep(pollMsOf(this.#client.profile));
    }
    this.#watching = false;
  }

  async #look(): Promise<void> {
    const head = await Transaction.headOf(this.#client);
    if (head < this.#head) await this.rewound(head);
    this.#head = head;
    const jobs = [...this.#inFlight.entries()].sort(([a], [b]) => a - b);
    const receipts = await Promise.all(jobs.map(([, job]) => Transaction.receiptOf(this.#client, hashesOf(job))));
    for (const [index, [nonce, job]] of jobs.entries()) {
      if (this.#inFlight.get(nonce) !== job) continue;
      try {
        if (receipts[index] !== undefined) await this.#mined(job, receipts[index]);
        else await this.#nudge(job, index === 0);
      } catch (error) {
        if (isTransient(error)) throw error;
        this.#fail(job, error);
      }
    }
  }

  #fail(job: Job, error: unknown): void {
    this.#letGo(job);
    job.reject(chainError(error, this.#contextOf(job.intent)));
  }

  async #mined(job: Job, receipt: TransactionReceipt): Promise<void> {
    const wanted = BigInt(job.intent.confirmations ?? this.#client.profile.confirmations);
    if (this.#head - receipt.blockNumber + 1n < wanted) return;
    await this.#record(job, receipt.status === "success" ? "mined" : "reverted", receipt);
    this.#letGo(job);
    this.#remember(job, receipt);
    if (receipt.status === "success") job.resolve(resultOf(job.intent, receipt));
    else job.reject(await this.#whyReverted(job.intent));
  }

  #remember(job: Job, receipt: TransactionReceipt): void {
    if (!job.counted) this.#count(job.intent.kind, receipt);
    job.counted = true;
    const before = this.#settled.get((job.sent as Sent).nonce)?.job;
    // One nonce is mined once: the chain went back behind the other one, and nobody has noticed yet.
    const isLost = before !== undefined && before.intent.key !== job.intent.key;
    if (isLost && !this.#closed && !this.#wanted.has(before.intent.key)) this.#startOver(before);
    this.#settled.set((job.sent as Sent).nonce, { job, block: receipt.blockNumber });
    if (this.#settled.size > this.#limits.maxRemembered)
      this.#settled.delete(this.#settled.keys().next().value as number);
  }

  #count(kind: string, receipt: TransactionReceipt): void {
    const account = this.#gas.get(kind) ?? { count: 0, gasUsed: 0n, feePaid: 0n };
    this.#gas.set(kind, {
      count: account.count + 1,
      gasUsed: account.gasUsed + receipt.gasUsed,
      feePaid: account.feePaid + receipt.gasUsed * receipt.effectiveGasPrice,
    });
  }

  async #whyReverted(intent: Intent): Promise<WeftError> {
    try {
      await Transaction.simulate(this.#client, this.address, intent);
    } catch (error) {
      return chainError(error, this.#contextOf(intent));
    }
    return revertError(undefined, this.#contextOf(intent));
  }

  /** Gets a transaction moving that is not mined: broadcasts it again, raises its fee, or closes a gap before it. */
  async #nudge(job: Job, lowest: boolean): Promise<void> {
    const now = this.#options.clock.now();
    const sent = job.sent as Sent;
    if (now - job.acceptedAt > this.#limits.timeoutMs) {
      this.#letGo(job);
      job.reject(timedOut(job.intent, this.#limits.timeoutMs));
      return;
    }
    if (now - sent.nudgedAt < Math.max(1000, 4000 * this.#client.profile.blockSeconds)) return;
    sent.nudgedAt = now;
    if (lowest) await this.#fillGap(sent.nonce);
    if (now - sent.feesSetAt > this.#limits.replaceAfterMs && job.replacements < maxReplacements) {
      await this.#replace(job, sent);
      return;
    }
    const outcome = await Transaction.broadcast(this.#client, sent.raw);
    if (outcome === "nonceUsed") await this.#relaunch(job, outcome);
  }

  async #replace(job: Job, sent: Sent): Promise<void> {
    job.replacements++;
    const gas = sent.gas > 0n ? sent.gas : await Transaction.estimateGas(this.#client, this.address, job.intent);
    const fees = Transaction.bumped(sent.fees, await Transaction.currentFees(this.#client));
    await this.#signAndBroadcast(job, { nonce: sent.nonce, gas, fees, hashes: sent.hashes });
  }

  /**
   * A chain that went back may expect nonces below ours again. What we sent with them is broadcast again (see
   * `rewound`); for the rest, empty transfers to ourselves, or nothing of ours would ever be mined.
   */
  async #fillGap(lowest: number): Promise<void> {
    const count = await Transaction.nonceOf(this.#client, this.address, "latest");
    if (count >= lowest) return;
    const pending = await Transaction.nonceOf(this.#client, this.address, "pending");
    for (let nonce = pending; nonce < Math.min(lowest, pending + maxGapFill); nonce++) {
      const known = this.#settled.get(nonce)?.job.sent?.raw;
      const intent = { key: `gap/${nonce}`, kind: "gap", to: this.address, data: "0x" } as const;
      const fees = await this.#currentFees();
      const raw =
        known ??
        (await Transaction.sign(this.#client, this.#options.signer, { intent, nonce, gas: 21_000n, fees })).raw;
      await Transaction.broadcast(this.#client, raw);
    }
  }

  async #record(job: Job, state: "sent" | "mined" | "reverted", receipt?: TransactionReceipt): Promise<void> {
    const { nonce, hashes, raw } = job.sent as Sent;
    const mined = receipt && { block: receipt.blockNumber.toString(), gasUsed: receipt.gasUsed.toString() };
    await this.#options.store.put(job.intent.key, { state, kind: job.intent.kind, nonce, hashes, raw, ...mined });
  }

  #contextOf(intent: Intent) {
    return { kind: intent.kind, called: Transaction.contractAt(this.#client, intent.to) };
  }
}

const hashesOf = (job: Job): Hex[] => job.sent?.hashes ?? [];
