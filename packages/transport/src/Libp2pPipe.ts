/** A libp2p stream as a `Pipe`: passes the stream's drain on and hides its events. */

import type { Stream } from "@libp2p/interface";
import type { Pipe, PipeSink } from "./Pipe.ts";

/** Ends of a stream must not wait on a dead connection for ever. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Wraps `stream`, which nobody else may use afterwards. Nothing is read from it before `listen`. */
export function createLibp2pPipe(stream: Stream): Pipe {
  return {
    write(bytes) {
      return stream.send(bytes) ? undefined : stream.onDrain();
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

function attach(stream: Stream, sink: PipeSink): void {
  stream.addEventListener("message", (event) => sink.data(event.data.subarray()));
  // `end` comes after the last byte was delivered; `remoteCloseWrite` may overtake buffered data.
  stream.addEventListener("end", () => sink.ended());
  stream.addEventListener("close", (event) => sink.closed(event.error));
  if (stream.readableEnded) sink.ended();
  if (stream.status !== "open") sink.closed(new Error(`the stream is ${stream.status}`));
}
