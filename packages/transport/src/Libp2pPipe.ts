/**
 * A libp2p stream as a `Pipe`: waits for its write buffer to empty and hides its events.
 *
 * `stream.onDrain()` is not used: its promise stays resolved after the first drain (libp2p 3.3), so from then on it
 * waits for nothing and the write buffer grows until the stream is reset.
 */

import type { Stream } from "@libp2p/interface";
import type { Pipe, PipeSink } from "./Pipe.ts";
import { WireError } from "./WireError.ts";

/** Ends of a stream must not wait on a dead connection for ever. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Wraps `stream`, which nobody else may use afterwards. Nothing is read from it before `listen`. A write that the
 * connection does not take for `stallTimeoutMs` rejects with `timeout`.
 */
export function createLibp2pPipe(stream: Stream, stallTimeoutMs: number): Pipe {
  return {
    write(bytes) {
      stream.send(bytes);
      return stream.writeBufferLength === 0 ? undefined : emptied(stream, stallTimeoutMs);
    },
    async closeWrite() {
      await stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
    },
    abort(reason) {
      stream.abort(reason);
    },
    listen(sink) {
      attach(stream, sink);
    },
  };
}

/** Waits until the stream has handed all it holds to the connection. */
function emptied(stream: Stream, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      stream.removeEventListener("idle", onIdle);
      stream.removeEventListener("close", onClose);
      outcome();
    };
    const onIdle = (): void => settle(resolve);
    const onClose = (): void => settle(() => reject(new WireError("closed", "the stream was closed")));
    const onTimeout = (): void =>
      settle(() => reject(new WireError("timeout", `the connection took nothing for ${timeoutMs} ms`)));
    const timer = setTimeout(onTimeout, timeoutMs);
    timer.unref();
    stream.addEventListener("idle", onIdle);
    stream.addEventListener("close", onClose);
  });
}

function attach(stream: Stream, sink: PipeSink): void {
  stream.addEventListener("message", (event) => sink.data(event.data.subarray()));
  // `end` comes after the last byte was delivered; `remoteCloseWrite` may overtake buffered data.
  stream.addEventListener("end", () => sink.ended());
  stream.addEventListener("close", (event) => sink.closed(event.error));
  if (stream.readableEnded) sink.ended();
  if (stream.status !== "open") sink.closed(new Error(`the stream is ${stream.status}`));
}
