// What `weft start --cheat` arranges: the cheapest node, which wins the auction, changes one bit of one weight at one step of each
// segment from the second on. Nothing of it shows in loss or samples; only whoever computes a segment again sees it. Pure.
import { presetOf } from "@weft/compute/tensor/jobProgram";
import { WeftError } from "@weft/protocol/Errors";
import { check } from "@weft/protocol/JobFile";
import { presets } from "@weft/protocol/Params";
import type { Corruption } from "@weft/tensor/train/Trainer";
import { percentOf } from "../render/figures.ts";
import type { MainJob } from "./mainJob.ts";
import { planNodes } from "./plan.ts";

export interface Cheat {
  /** The node that cheats. */
  name: string;
  corrupt: Corruption;
  /** First false segment, and how many there are of the job in all. */
  firstFalse: number;
  segments: number;
  /** Steps of a segment. */
  stepsPerSegment: number;
  /** Chance that a segment is drawn for an audit, parts per million. */
  auditRatePpm: number;
}

/** A provider, two auditors who agree, one to go on with the work. */
const fewestNodes = 4;
/** A matrix of the first layer, somewhere in it, the sixth lowest bit of 32: the weight changes by less than a thousandth of a percent. */
const place = { tensor: "model.layers.0.mlp.up_proj.weight", index: 1234, bit: 5 };
const firstFalse = 1;

/** @throws WeftError `start.cheat` when there is no job, or too few nodes to find it out and to go on */
export function planCheat(job: Pick<MainJob, "data"> | undefined, nodes: number): Cheat {
  if (job === undefined) throw refused("without a job nobody can cheat", "leave --no-job out");
  if (nodes < fewestNodes)
    throw refused(`${nodes} nodes are too few to find a cheat and go on`, `use --nodes ${fewestNodes} or more`);
  const checked = check(job.data);
  if (!checked.ok) throw refused("the job file is malformed", "correct it");
  const { stepsPerSegment, totalSteps } = presetOf(checked.job.program);
  const cheapest = planNodes(nodes).reduce((one, other) =>
    other.pricePerUnitSecond < one.pricePerUnitSecond ? other : one,
  );
  const step = firstFalse * stepsPerSegment + Math.floor(stepsPerSegment / 2);
  return {
    name: cheapest.name,
    corrupt: { step, everySteps: stepsPerSegment, ...place },
    ...{ firstFalse, segments: Math.ceil(totalSteps / stepsPerSegment), stepsPerSegment },
    auditRatePpm: Number(presets.local.auditRatePpm),
  };
}

const million = 1_000_000;

/** Chance that one of the first so many false segments is drawn, parts per million. */
export const foundPpm = ({ auditRatePpm }: Pick<Cheat, "auditRatePpm">, falseSegments: number): number =>
  Math.round(million * (1 - (1 - auditRatePpm / million) ** falseSegments));

export function cheatLines(cheat: Cheat): string[] {
  const { name, corrupt, segments, auditRatePpm } = cheat;
  const all = segments - cheat.firstFalse;
  const chance = (falseSegments: number) => `${percentOf(foundPpm(cheat, falseSegments))} after ${falseSegments}`;
  return [
    `cheat: ${name} asks the least, so it wins; from segment ${cheat.firstFalse} on it flips bit ${corrupt.bit} of weight ${corrupt.index} of ${corrupt.tensor}, once a segment`,
    `odds: each segment is audited with ${percentOf(auditRatePpm)}; found with ${chance(3)} false segments, ${chance(6)}, ${chance(all)}`,
  ];
}

const refused = (message: string, remedy: string): WeftError => new WeftError(message, { code: "start.cheat", remedy });
