// One figure per line. A ratio is value / peerValue, the peer being a named competitor or a named limit measured or
// published for the same thing; `pass` is there where the project set itself a limit.

export interface Figure {
  id: string;
  value: number;
  unit: string;
  /** Who or what the value is compared with. */
  peer?: string;
  peerValue?: number;
  ratio?: number;
  /** Set limit and whether the value keeps it. */
  limit?: number;
  pass?: boolean;
}

export interface Bench {
  name: string;
  /** One line for `npm run bench`. */
  about: string;
  /** Yields figures as they are known. Throws when a correctness check inside fails. */
  run(): AsyncIterable<Figure>;
}

export interface Compared {
  peer?: string;
  peerValue?: number;
  /** The value must be at most this. */
  atMost?: number;
  /** The value must be at least this. */
  atLeast?: number;
}

/** Three digits behind the point, three that count where that would leave less. */
function rounded(value: number): number {
  return Math.abs(value) < 0.1 ? Number(value.toPrecision(3)) : Math.round(value * 1000) / 1000;
}

export function figure(id: string, measured: { value: number; unit: string }, compared: Compared = {}): Figure {
  const { peer, peerValue, atMost, atLeast } = compared;
  const limit = atMost ?? atLeast;
  const value = rounded(measured.value);
  return {
    id,
    value,
    unit: measured.unit,
    ...(peer === undefined || peerValue === undefined ? {} : { peer, peerValue, ratio: rounded(value / peerValue) }),
    ...(limit === undefined ? {} : { limit, pass: value <= (atMost ?? value) && value >= (atLeast ?? value) }),
  };
}

/** A figure that is itself a ratio to a peer's value: the median of ratios taken side by side, round by round. */
export function ratioFigure(
  id: string,
  value: number,
  compared: Required<Pick<Compared, "peer" | "peerValue">> & Compared,
): Figure {
  const own = figure(id, { value, unit: "times" }, compared);
  return { ...own, peerValue: rounded(compared.peerValue), ratio: own.value };
}

/** The p-quantile (0..1) of the values, nearest rank. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** Throws with what was expected; a bench whose work is wrong must not print a speed. */
export function mustHold(condition: boolean, what: string): void {
  if (!condition) throw new Error(`correctness check failed: ${what}`);
}
