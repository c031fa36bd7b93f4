// Prices as people write them, by the hour, and as the contracts count them: whole millionths of the stablecoin per unit
// and second. An hourly price therefore moves in steps of 0.0036; what lies between is rounded, and said.
import * as Amount from "./Amount.ts";

/** Stablecoin units (1e-6) between two hourly prices next to each other. */
export const hourlyStep = 3600n;

/** "0.0036". */
export const hourlyStepText: string = Amount.format(hourlyStep);

/** What a price step is, for a person who sets or reads one. */
export const stepNote = `prices move in steps of ${hourlyStepText} an hour, a millionth per second`;

/** An hourly ceiling in units per second; rounded down, so that it is never exceeded. */
export const ceilingPerSecond = (perHour: bigint): bigint => perHour / hourlyStep;

/** An hourly asking price in units per second; rounded up, so that no less is asked. */
export const askPerSecond = (perHour: bigint): bigint => (perHour + hourlyStep - 1n) / hourlyStep;

/** "0.6 an hour counts as 0.6012: …" where rounding changed what was written; undefined where it did not. */
export function roundingNote(perHour: bigint, perSecond: bigint): string | undefined {
  const counted = perSecond * hourlyStep;
  if (counted === perHour) return undefined;
  return `${Amount.format(perHour)} an hour counts as ${Amount.format(counted)}: ${stepNote}`;
}
