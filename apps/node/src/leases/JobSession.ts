// The provider's end of one job session: streams progress and segments to the buyer's gateway, hands on its answers.
// Knows nothing of money or chain; LeaseRun decides. One segment waits for its answer at a time, in order.
//
// Progress is sent at most four times a second and repeated every two seconds while nothing happens, because a gateway
// takes a silent provider for lost.
import type { Clock } from "@weft/protocol/Clock";
import { type StreamMessage, streams } from "@weft/protocol/messages";
import type { Channel } from "@weft/transport/Transport";
import { decodeMessage, encodeMessage } from "@weft/transport/Wire";

export type SegmentAnswer =
  | { kind: "voucher"; voucher: StreamMessage<"job.voucher"> }
  | { kind: "unpaid"; code: string; message: string };

export interface SessionEvents {
  onAnswer(segment: bigint, answer: SegmentAnswer): void;
  onStop(stop: StreamMessage<"job.stop">): void;
}

const incoming = {
  "job.voucher": streams["job.voucher"],
  "job.unpaid": streams["job.unpaid"],
  "job.stop": streams["job.stop"],
} as const;

const progressEveryMs = 250;
const repeatAfterMs = 2000;
/** Longest wait for a gateway's answer: it fetches the checkpoint before it pays. */
const answerTimeoutMs = 60_000;

export class JobSession {
  readonly peerId: string;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #progress: StreamMessage<"job.progress"> | undefined;
  #fresh = false;
  #sentAt: number;
  #waiting: { segment: bigint; sentAt: number } | undefined;

  constructor(channel: Channel, options: { peerId: string; clock: Clock }) {
    this.#channel = channel;
    this.#clock = options.clock;
    this.peerId = options.peerId;
    this.#sentAt = options.clock.now();
  }

  /** Reads answers and sends progress until either side ends. */
  async run(events: SessionEvents): Promise<void> {
    try {
      await Promise.race([this.#read(events), this.#pump()]);
    } finally {
      this.#ended.abort();
    }
  }

  get open(): boolean {
    return !this.#ended.signal.aborted;
  }

  /** The segment whose answer is awaited. */
  get waitingFor(): bigint | undefined {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#clock.now() - waiting.sentAt > answerTimeoutMs) return undefined;
    return waiting.segment;
  }

  progress(progress: StreamMessage<"job.progress">): void {
    this.#progress = progress;
    this.#fresh = true;
  }

  async segment(report: StreamMessage<"job.segment">): Promise<void> {
    this.#waiting = { segment: report.commitment.segment, sentAt: this.#clock.now() };
    await this.#send("job.segment", report);
  }

  async done(message: StreamMessage<"job.done">): Promise<void> {
    await this.#send("job.done", message);
    this.end();
  }

  async failed(message: StreamMessage<"job.failed">): Promise<void> {
    await this.#send("job.failed", message);
    this.end();
  }

  /** Ends this side; the handler's return closes the channel. */
  end(): void {
    this.#ended.abort();
  }

  async #send<K extends "job.progress" | "job.segment" | "job.done" | "job.failed">(
    kind: K,
    body: StreamMessage<K>,
  ): Promise<void> {
    if (!this.open) return;
    this.#sentAt = this.#clock.now();
    await this.#channel.send(encodeMessage(streams, kind, body as never));
  }

  async #pump(): Promise<void> {
    while (this.open) {
      const idle = this.#clock.now() - this.#sentAt > repeatAfterMs;
      if (this.#progress !== undefined && (this.#fresh || idle)) {
        this.#fresh = false;
        await this.#send("job.progress", this.#progress);
      }
      await this.#clock.sleep(progressEveryMs, this.#ended.signal).catch(() => {});
    }
  }

  async #read(events: SessionEvents): Promise<void> {
    while (this.open) {
      const bytes = await this.#channel.receive({ signal: this.#ended.signal }).catch((error: unknown) => {
        if (this.open) throw error;
        return undefined;
      });
      if (bytes === undefined) return;
      const message = decodeMessage(incoming, bytes);
      if (message.kind === "job.stop") {
        events.onStop(message.body);
        return;
      }
      this.#answer(events, message);
    }
  }

  #answer(
    events: SessionEvents,
    message:
      | { kind: "job.voucher"; body: StreamMessage<"job.voucher"> }
      | { kind: "job.unpaid"; body: StreamMessage<"job.unpaid"> },
  ): void {
    const segment = this.#waiting?.segment;
    // An answer nobody waits for: a late one to an earlier session, or noise. A voucher is money all the same.
    if (segment !== undefined) this.#waiting = undefined;
    if (message.kind === "job.voucher") events.onAnswer(segment ?? -1n, { kind: "voucher", voucher: message.body });
    else if (segment !== undefined)
      events.onAnswer(segment, { kind: "unpaid", code: message.body.code, message: message.body.message });
  }
}
