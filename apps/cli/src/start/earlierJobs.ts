// What an earlier `weft start` left undone. The gateway goes on with every job that had not ended, so the same one must
// not be bought a second time beside it.
import { presetOf } from "@weft/compute/tensor/jobProgram";
import { check } from "@weft/protocol/JobFile";
import { z } from "zod";
import { type GatewayClient, request } from "../GatewayClient.ts";
import type { MainJob } from "./mainJob.ts";

const shape = z.looseObject({
  jobs: z.array(
    z.looseObject({ jobId: z.string(), name: z.string(), phase: z.string(), totalSteps: z.int().optional() }),
  ),
});

export interface EarlierJob {
  jobId: string;
  name: string;
}

export interface EarlierJobs {
  /** The newest unfinished one of the same name and as many steps, whatever its text says by now. */
  same?: EarlierJob;
  /** The other unfinished ones, newest first. */
  others: EarlierJob[];
}

/** @param job what this start would buy; undefined for nothing */
export async function earlierJobs(client: GatewayClient, job: MainJob | undefined): Promise<EarlierJobs> {
  const { jobs } = shape.parse(await request(client, "/v1/jobs"));
  const unfinished = jobs.filter(({ phase }) => phase !== "ended");
  const steps = job === undefined ? undefined : stepsOf(job);
  const same = unfinished.find(({ name, totalSteps }) => name === job?.name && totalSteps === steps);
  const brief = ({ jobId, name }: EarlierJob): EarlierJob => ({ jobId, name });
  const others = unfinished.filter((one) => one !== same).map(brief);
  return same === undefined ? { others } : { same: brief(same), others };
}

function stepsOf({ data }: MainJob): number | undefined {
  const checked = check(data);
  return checked.ok ? presetOf(checked.job.program).totalSteps : undefined;
}
