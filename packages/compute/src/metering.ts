// Billed seconds of a segment from measured milliseconds. Pure: the caller measures.
// Rounds down and carries the rest, so that many short segments add up and no prefix is ever billed above its wall time.
import { WeftError } from "@weft/protocol/Errors";

export interface Measure {
  /** Milliseconds the worker says it computed. */
  busyMs: number;
  /** Milliseconds the caller saw pass; caps the worker's word. */
  wallMs: number;
  /** Milliseconds carried from the segment before, 0..999; 0 for the first. */
  carryMs: number;
}

export interface Metered {
  /** Billed seconds, a uint32 on the wire. */
  seconds: bigint;
  /** Milliseconds to hand to the next segment, 0..999. */
  carryMs: number;
}

/** @throws WeftError `metering.range` for anything but non-negative safe integers and a carry below 1000. */
export function meterSegment(measure: Measure): Metered {
  for (const [name, value] of Object.entries(measure))
    if (!Number.isSafeInteger(value) || value < 0 || (name === "carryMs" && value > 999))
      throw new WeftError(`${name} is ${value}`, {
        code: "metering.range",
        fault: "us",
        remedy: "measure with a monotonic clock and round down to whole milliseconds",
      });
  const totalMs = Math.min(measure.busyMs, measure.wallMs) + measure.carryMs;
  return { seconds: BigInt(Math.floor(totalMs / 1000)), carryMs: totalMs % 1000 };
}
