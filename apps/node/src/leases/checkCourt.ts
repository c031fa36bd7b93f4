// Does the court program of an order belong to its work? A contract judges a dispute by what the order's details name; a
// provider that worked under a program of the buyer's own making could be found false for doing what was ordered.
import * as Attributes from "@weft/protocol/Attributes";
import { WeftError } from "@weft/protocol/Errors";
import type { TrainProgram } from "@weft/tensor/train/Program";
import { stepWork } from "@weft/tensor/train/stepWork";
import type { NodeContext } from "../NodeContext.ts";
import type { JobTerms } from "./checkOpen.ts";
import type { OpenedJob } from "./LeaseBody.ts";

/** A game asks for at most four replays: on `standard` one of an hour each, as long as an audit has. */
const clockShare = 4;

/**
 * Seconds that a replay of one of its segments takes on a unit, by the speed that the owner declares; undefined where none is
 * declared, or of a machine that other nodes share: what is idle there may be used as well.
 */
export function segmentSeconds(
  {
    model,
    batch,
    accumulate,
    stepsPerSegment,
  }: Pick<TrainProgram, "model" | "batch" | "accumulate" | "stepsPerSegment">,
  attributes: bigint,
): number | undefined {
  const { fp32Gflops, flags } = Attributes.unpack(attributes);
  if (fp32Gflops === 0 || (flags & Attributes.flags.sharedHost) !== 0) return undefined;
  return (stepsPerSegment * stepWork(model, { batch, accumulate })) / (fp32Gflops * 1e9);
}

/** A segment that takes too long to replay can't be defended, however right it is. @throws WeftError `job.court` */
function checkTime(
  { settings, chain }: Pick<NodeContext, "settings" | "chain">,
  { program }: Pick<JobTerms, "program">,
): void {
  const clock = Number(chain.params.courtClockSeconds);
  const estimates = settings.pools.map(({ attributes }) => segmentSeconds(program, attributes));
  if (estimates.length === 0 || estimates.some((seconds) => seconds === undefined)) return;
  const seconds = Math.min(...(estimates as number[]));
  if (clockShare * seconds <= clock) return;
  const most = `the court's clock of ${clock} s has room for ${Math.floor(clock / clockShare)} s`;
  throw new WeftError(`a replay of one segment takes about ${Math.ceil(seconds)} s here, ${most}`, {
    code: "job.court",
    remedy: "order fewer steps a segment (checkpointEvery), or a faster unit (resources.fp32Gflops)",
  });
}

/**
 * Computes it again from program and corpus, which is at hand. Nothing to check where the order pins no court.
 * @throws WeftError `job.court` when it is another one, or no program can be made of what was ordered, or a segment takes too
 * long to replay for this node; of the court port
 */
export async function checkCourt(
  context: Pick<NodeContext, "courtProgram" | "blobs" | "settings" | "chain">,
  { job, terms, signal }: { job: Pick<OpenedJob, "order">; terms: JobTerms; signal: AbortSignal },
): Promise<void> {
  if (BigInt(job.order.courtId) === 0n) return;
  checkTime(context, terms);
  const { threads, memoryMiB } = context.settings.caps;
  const { program, corpus, start, court } = terms;
  const corpusPath = context.blobs.path(corpus.contentId);
  const found = await context
    .courtProgram({
      program,
      corpusPath,
      ...(start && { origin: start }),
      limits: { threads, memoryMiB, nice: 0 },
      signal,
    })
    .catch((error: unknown) => {
      if (error instanceof WeftError && error.fault === "caller") throw refused(error.message);
      throw error;
    });
  if (found !== court) throw refused(`the order's work has court program ${found}, its details say ${court}`);
}

const refused = (message: string): WeftError =>
  new WeftError(message, { code: "job.court", remedy: "let the gateway compute the court program" });
