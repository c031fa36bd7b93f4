// How the next token is drawn from logits (spec/inference.md §3): options and their limits.

export type Sampling = {
  /** Thousandths, 0 to 10,000; 0 takes the likeliest token. Default 1000: the model's own distribution. */
  readonly temperatureMilli?: number;
  /** Draws among the so many likeliest tokens, 1 to 4096. Default all. */
  readonly topK?: number;
  /** Thousandths, 1 to 1000: draws among the likeliest tokens that together have this share. Default 1000. */
  readonly topPMilli?: number;
  /** Thousandths, 1000 to 10,000: divides positive logits of recent tokens and multiplies negative ones. Default 1000: none. */
  readonly repetitionMilli?: number;
  /** How many last tokens are recent, 1 to 1024. Default 64. */
  readonly repetitionWindow?: number;
  /** 32 bytes; needed unless temperatureMilli is 0. */
  readonly seed?: Uint8Array;
};
