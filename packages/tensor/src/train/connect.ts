// The caller's end of a lead worker: requests answered in order; a failure ends the worker and every pending call.
import type { Worker } from "node:worker_threads";
import { TensorError } from "../TensorError.ts";
import type { LeadReply, LeadRequest } from "./trainerMessages.ts";

type ReplyOf<K extends LeadReply["kind"]> = Extract<LeadReply, { kind: K }>;
type Pending = { readonly resolve: (reply: LeadReply) => void; readonly reject: (reason: unknown) => void };

export type Connection = {
  /** The next reply, which must be of that kind. */
  expect<K extends LeadReply["kind"]>(kind: K): Promise<ReplyOf<K>>;
  ask<K extends LeadRequest["kind"]>(request: Extract<LeadRequest, { kind: K }>): Promise<ReplyOf<K>>;
  /** Ends the worker; pending calls reject with the reason. */
  end(reason: unknown): Promise<unknown>;
};

export function connect(worker: Worker, signal: AbortSignal | undefined): Connection {
  const pending: Pending[] = [];
  let ended: { reason: unknown } | undefined;
  const end = (reason: unknown): Promise<unknown> => {
    ended ??= { reason };
    signal?.removeEventListener("abort", onAbort);
    for (const { reject } of pending.splice(0)) reject(ended.reason);
    return worker.terminate();
  };
  const onAbort = () => void end(signal!.reason);
  const stopped = (cause: unknown) =>
    void end(
      new TensorError(
        "worker-failed",
        `a trainer thread stopped: ${String(cause)}`,
        "open the trainer again from the last checkpoint",
        cause,
      ),
    );
  worker.on("error", stopped);
  worker.on("exit", () => ended || stopped("exit"));
  worker.on("message", (reply: LeadReply) => {
    // What it said before it heard: the process has to live until the thread has ended.
    if (ended) return;
    if (reply.kind === "failed") return void end(new TensorError(reply.code, reply.message, reply.remedy));
    pending.shift()?.resolve(reply);
    // An idle trainer must not keep the process alive; a pending call must.
    if (pending.length === 0) worker.unref();
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  const expect = async <K extends LeadReply["kind"]>(kind: K): Promise<ReplyOf<K>> => {
    const reply = await new Promise<LeadReply>((resolve, reject) => {
      if (ended) return reject(ended.reason);
      pending.push({ resolve, reject });
      worker.ref();
    });
    if (reply.kind !== kind) throw new TensorError("worker-failed", `unexpected reply ${reply.kind}`, "report this");
    return reply as ReplyOf<K>;
  };
  return {
    expect,
    ask: (request) => {
      const reply = expect(request.kind);
      if (!ended) worker.postMessage(request);
      return reply as never;
    },
    end,
  };
}
