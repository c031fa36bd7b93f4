// Serves requests whose refusals are this app's coded errors: what a WeftError says is told to the caller, anything else
// only as `handler`, because its text may hold what others must not read.
import { WeftError } from "@weft/protocol/Errors";
import { refusal } from "@weft/transport/Request";
import type { Remote, Transport } from "@weft/transport/Transport";
import { decodeMessage, encodeMessage, type MessageSchemas, type WireMessage } from "@weft/transport/Wire";
import { WireError } from "@weft/transport/WireError";

export interface Served<Requests extends MessageSchemas, Answers extends MessageSchemas> {
  requests: Requests;
  answers: Answers;
  respond(message: WireMessage<Requests>, from: Remote): Promise<WireMessage<Answers>>;
  /** Told about every refusal, with its code. */
  onRefused(code: string, from: Remote, error: unknown): void;
}

/** Requests that one channel may carry. */
const mostRequests = 64;
const idleMs = 30_000;

export function serveRequests<Requests extends MessageSchemas, Answers extends MessageSchemas>(
  transport: Transport,
  protocol: string,
  served: Served<Requests, Answers>,
): void {
  transport.handle(protocol, async (channel, from) => {
    for (let count = 0; count < mostRequests; count++) {
      const bytes = await channel.receive({ timeoutMs: idleMs });
      if (bytes === undefined) return;
      const message = decodeMessage(served.requests, bytes);
      await channel.send(await answerTo(served, message, from));
    }
  });
}

async function answerTo<Requests extends MessageSchemas, Answers extends MessageSchemas>(
  served: Served<Requests, Answers>,
  message: WireMessage<Requests>,
  from: Remote,
): Promise<Uint8Array> {
  try {
    const { kind, body } = await served.respond(message, from);
    return encodeMessage(served.answers, kind, body);
  } catch (error) {
    const known = error instanceof WeftError || error instanceof WireError;
    const code = known ? error.code : "handler";
    served.onRefused(code, from, error);
    const text = known ? error.message.slice(0, 512) : "the request failed here";
    return encodeMessage(refusal, "refused", { code, message: text, retryable: known ? error.retryable : true });
  }
}
