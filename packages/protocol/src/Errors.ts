// One base error for the whole system. A person reads: what happened, why, what to do next.
//
// Every error carries a code (machine-readable, stable), whose fault it is (feeds peer scores and, for providers,
// decides whether a lease may move), and whether trying again can help.

export type Fault = "caller" | "provider" | "network" | "us";

export interface WeftErrorOptions {
  /** Stable, dotted: `order.ceiling`, `wire.oversize`. */
  code: string;
  fault?: Fault;
  retryable?: boolean;
  /** What to do next, in the imperative. */
  remedy?: string;
  /** Aligned `name: value` lines printed under the message. */
  details?: Record<string, string | number | bigint>;
  cause?: unknown;
}

export class WeftError extends Error {
  override name = "WeftError";
  readonly code: string;
  readonly fault: Fault;
  readonly retryable: boolean;
  readonly remedy: string | undefined;
  readonly details: Record<string, string | number | bigint>;

  constructor(message: string, options: WeftErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.fault = options.fault ?? "caller";
    this.retryable = options.retryable ?? false;
    this.remedy = options.remedy;
    this.details = options.details ?? {};
  }

  /** First error in the cause chain that satisfies `test`. */
  walk(test: (error: unknown) => boolean): unknown {
    let current: unknown = this;
    for (let depth = 0; depth < 16 && current !== undefined; depth++) {
      if (test(current)) return current;
      current = current instanceof Error ? current.cause : undefined;
    }
    return undefined;
  }
}

/** The text a person sees; never a stack trace. */
export function explain(error: unknown): string {
  if (!(error instanceof WeftError)) return error instanceof Error ? error.message : String(error);
  const width = Math.max(0, ...Object.keys(error.details).map((key) => key.length));
  const lines = [error.message];
  for (const [key, value] of Object.entries(error.details)) lines.push(`  ${key.padEnd(width)}  ${value}`);
  if (error.remedy !== undefined) lines.push(`  remedy: ${error.remedy}`);
  return lines.join("\n");
}

/** True when `error` is a WeftError with this code. */
export function hasCode(error: unknown, code: string): error is WeftError {
  return error instanceof WeftError && error.code === code;
}
