// How likely audits find a lie: each segment is sampled by itself at rate r, so n bad ones escape with (1−r)^n.
//
// This is the chance that a bad segment is *looked at*. A look finds the lie when a drawn auditor that replays is
// honest; one that colludes with the provider can pass it. Both are the tier's stated assumption.
import { WeftError } from "@weft/protocol/Errors";
import { maxSegments } from "@weft/protocol/generated/params";

const million = 1_000_000n;

/**
 * 1 − (1−r)^n in parts per million, rounded down, computed exactly.
 * @throws WeftError `detection.range` unless 0 ≤ ratePpm ≤ 1e6 and n is an integer in 0..maxSegments
 */
export function detectionProbability(ratePpm: bigint, badSegments: number): bigint {
  const isCount = Number.isInteger(badSegments) && badSegments >= 0 && badSegments <= maxSegments;
  if (ratePpm < 0n || ratePpm > million || !isCount)
    throw new WeftError(`detection at rate ${ratePpm} ppm for ${badSegments} segments`, {
      code: "detection.range",
      remedy: `use a rate of 0 to ${million} ppm and 0 to ${maxSegments} segments`,
    });
  const n = BigInt(badSegments);
  const all = million ** n;
  return ((all - (million - ratePpm) ** n) * million) / all;
}
