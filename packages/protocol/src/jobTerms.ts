// From a checked job file to the terms of its order: integers, packed attributes, numbers for the enums.
import type { Hex } from "viem";
import * as Attributes from "./Attributes.ts";
import { toBytes8 } from "./HardwareClass.ts";
import { ceilingPerSecond } from "./hourlyPrice.ts";
import type { JobFile } from "./JobFile.ts";
import * as Order from "./Order.ts";

export interface JobTerms {
  class: Hex;
  minAttributes: bigint;
  units: bigint;
  durationSeconds: bigint;
  /** Rounded down, so that the hourly ceiling is never exceeded. */
  maxPricePerUnitSecond: bigint;
  tier: bigint;
  mechanism: bigint;
  payMode: bigint;
  budget: bigint;
}

export function jobTerms(job: JobFile): JobTerms {
  const { class: label, units, netMbps, ...least } = job.resources;
  return {
    class: toBytes8(label),
    minAttributes: Attributes.pack({ ...Attributes.none, ...least, netMbpsTenth: Math.ceil(netMbps / 10) }),
    units: BigInt(units),
    durationSeconds: BigInt(job.duration),
    maxPricePerUnitSecond: ceilingPerSecond(job.pay.maxPricePerHour),
    tier: Order.tier[job.tier],
    mechanism: Order.mechanism[job.mechanism],
    payMode: Order.payMode[job.pay.mode],
    budget: job.pay.budget,
  };
}
