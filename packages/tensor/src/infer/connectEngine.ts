// The caller's end of an engine's worker: answers to what was asked, in order; what was drawn, to the generation it is for. A
// failure of the worker ends it and everything that waits for it.
import type { Worker } from "node:worker_threads";
import { TensorError } from "../TensorError.ts";
import type { DrawnFor, EngineReply, EngineRequest } from "./engineMessages.ts";

type Pending = { readonly kind: string; readonly resolve: () => void; readonly reject: (reason: unknown) => void };

/** What a generation hears. */
export type Listener = { drawn(drawn: DrawnFor): void; failed(reason: unknown): void };

export type EngineConnection = {
  /** Generations that have not ended. */
  readonly active: number;
  /** Waits for that reply. */
  expect(kind: "opened" | "loaded" | "ready"): Promise<void>;
  /** Sends weights or the end of them, and waits for the answer. */
  ask(request: Extract<EngineRequest, { kind: "weights" | "start" }>, transfer?: ArrayBuffer[]): Promise<void>;
  /** Sends what has no answer of its own. Throws the reason of the end after it. */
  send(request: Extract<EngineRequest, { kind: "generate" | "credit" | "cancel" }>): void;
  /** Hears of a generation until it has ended there, or is forgotten. */
  listen(id: number, listener: Listener): void;
  forget(id: number): void;
  /** Ends the worker; everything that waits fails with the reason. */
  end(reason: unknown): Promise<unknown>;
};

export function connectEngine(worker: Worker, signal: AbortSignal | undefined): EngineConnection {
  const pending: Pending[] = [];
  const listeners = new Map<number, Listener>();
  let ended: { reason: unknown } | undefined;
  // An idle engine must not keep the process alive; a generation must.
  const hold = () => (pending.length + listeners.size > 0 ? worker.ref() : worker.unref());
  const end = (reason: unknown): Promise<unknown> => {
    ended ??= { reason };
    signal?.removeEventListener("abort", onAbort);
    for (const { reject } of pending.splice(0)) reject(ended.reason);
    for (const [id, { failed }] of listeners) {
      listeners.delete(id);
      failed(ended.reason);
    }
    return worker.terminate();
  };
  const onAbort = () => void end(signal!.reason);
  const stopped = (cause: unknown) =>
    void end(new TensorError("worker-failed", `the engine's thread stopped: ${String(cause)}`, "open it again", cause));
  const hear = (drawn: DrawnFor) => {
    const listener = listeners.get(drawn.id);
    if (drawn.ended !== undefined || drawn.failed !== undefined) listeners.delete(drawn.id);
    listener?.drawn(drawn);
  };
  worker.on("error", stopped);
  worker.on("exit", () => ended || stopped("exit"));
  worker.on("message", (reply: EngineReply) => {
    // What it said before it heard: the process has to live until the thread has ended.
    if (ended) return;
    if (reply.kind === "failed") {
      const { code, message, remedy } = reply.failure;
      return void end(new TensorError(code, message, remedy));
    }
    if (reply.kind === "drawn") for (const drawn of reply.drawn) hear(drawn);
    else pending.shift()?.resolve();
    hold();
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  const expect = (kind: string) =>
    new Promise<void>((resolve, reject) => {
      if (ended) return reject(ended.reason);
      pending.push({ kind, resolve, reject });
      hold();
    });
  return {
    get active() {
      return listeners.size;
    },
    expect,
    ask(request, transfer = []) {
      const answered = expect(request.kind);
      if (!ended) worker.postMessage(request, transfer);
      return answered;
    },
    send(request) {
      if (ended) throw ended.reason;
      worker.postMessage(request);
    },
    listen(id, listener) {
      listeners.set(id, listener);
      hold();
    },
    forget(id) {
      listeners.delete(id);
      hold();
    },
    end,
  };
}
