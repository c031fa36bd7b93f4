/** Token bucket: `burst` at once, `perSecond` sustained. Plain data, the time is an argument. */

export interface TokenBucket {
  tokens: number;
  atMs: number;
}

export interface TokenRate {
  perSecond: number;
  burst: number;
}

/** A full bucket. */
export function createTokenBucket(rate: TokenRate, nowMs: number): TokenBucket {
  return { tokens: rate.burst, atMs: nowMs };
}

/** Takes one token; false when there is none. A clock that steps back refills nothing. */
export function takeToken(bucket: TokenBucket, rate: TokenRate, nowMs: number): boolean {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  bucket.tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.perSecond) / 1000);
  bucket.atMs = nowMs;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
