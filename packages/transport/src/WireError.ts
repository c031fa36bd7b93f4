/**
 * Every failure of the wire, as one error class with a closed set of codes. A code fixes whose fault it is, whether
 * trying again can help and what it costs the sender's standing (`PeerLedger.ts`).
 */

import { type Fault, WeftError } from "@weft/protocol/Errors";

export type WireErrorCode =
  | "version"
  | "kind"
  | "oversize"
  | "malformed"
  | "schema"
  | "rate"
  | "window"
  | "protocol"
  | "handler"
  | "backpressure"
  | "limit"
  | "timeout"
  | "closed"
  | "aborted"
  | "unreachable"
  | "banned"
  | "refused"
  | "blob-unknown"
  | "blob-refused"
  | "blob-withheld"
  | "blob-corrupt"
  | "rejected"
  | "ignored";

interface CodeTraits {
  fault: Fault;
  retryable: boolean;
  /** Penalty points a sender gets; 0 where honest software can cause it. */
  penalty: number;
}

/** Exhaustive: a new code does not compile until it says who is at fault. */
const TRAITS: Record<WireErrorCode, CodeTraits> = {
  // What a sender got wrong. Newer software honestly sends unknown versions and kinds, hence no penalty.
  version: { fault: "caller", retryable: false, penalty: 0 },
  kind: { fault: "caller", retryable: false, penalty: 0 },
  oversize: { fault: "caller", retryable: false, penalty: 5 },
  malformed: { fault: "caller", retryable: false, penalty: 5 },
  schema: { fault: "caller", retryable: false, penalty: 5 },
  rate: { fault: "caller", retryable: true, penalty: 1 },
  window: { fault: "caller", retryable: false, penalty: 20 },
  protocol: { fault: "caller", retryable: false, penalty: 10 },
  rejected: { fault: "caller", retryable: false, penalty: 5 },
  ignored: { fault: "network", retryable: false, penalty: 0 },
  refused: { fault: "caller", retryable: false, penalty: 0 },
  banned: { fault: "caller", retryable: true, penalty: 0 },
  // What this node got wrong or could not carry.
  handler: { fault: "us", retryable: true, penalty: 0 },
  backpressure: { fault: "us", retryable: true, penalty: 0 },
  limit: { fault: "us", retryable: true, penalty: 0 },
  // What the network did.
  timeout: { fault: "network", retryable: true, penalty: 0 },
  closed: { fault: "network", retryable: true, penalty: 0 },
  aborted: { fault: "network", retryable: true, penalty: 0 },
  unreachable: { fault: "network", retryable: true, penalty: 0 },
  // What the holder of a blob did.
  "blob-unknown": { fault: "provider", retryable: false, penalty: 0 },
  "blob-refused": { fault: "caller", retryable: false, penalty: 0 },
  "blob-withheld": { fault: "provider", retryable: true, penalty: 0 },
  "blob-corrupt": { fault: "provider", retryable: false, penalty: 20 },
};

const MAX_DETAIL_CHARACTERS = 300;

export interface WireErrorOptions {
  cause?: unknown;
  /** `remote` when the other side reported it: then it is no evidence against the other side. */
  origin?: "local" | "remote";
  /** Overrides the code's usual fault, for example `provider` for a deadline the other side missed. */
  fault?: Fault;
}

/** Failure of the wire. `message` is safe to show; it never holds more than a few hundred characters of foreign text. */
export class WireError extends WeftError {
  override readonly name = "WireError";
  declare readonly code: WireErrorCode;
  readonly origin: "local" | "remote";

  constructor(code: WireErrorCode, detail: string, options: WireErrorOptions = {}) {
    super(`${code}: ${detail.slice(0, MAX_DETAIL_CHARACTERS)}`, {
      code,
      fault: options.fault ?? faultOf(code, options.origin),
      retryable: TRAITS[code].retryable,
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.origin = options.origin ?? "local";
  }
}

/** What the other side reports as its own fault is the provider's, seen from here. */
function faultOf(code: WireErrorCode, origin: "local" | "remote" = "local"): Fault {
  const { fault } = TRAITS[code];
  return origin === "remote" && fault === "us" ? "provider" : fault;
}

/** Penalty points for a sender whose message was refused with `code`. */
export function penaltyOf(code: WireErrorCode): number {
  return TRAITS[code].penalty;
}

/** True for a string that names one of our codes; foreign input never becomes a code otherwise. */
export function isWireErrorCode(text: string): text is WireErrorCode {
  return Object.hasOwn(TRAITS, text);
}

/** Anything thrown, as a `WireError`; unknown errors get `fallback`. */
export function toWireError(error: unknown, fallback: WireErrorCode): WireError {
  if (error instanceof WireError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new WireError(fallback, detail, { cause: error });
}
