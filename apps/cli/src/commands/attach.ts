// `weft jobs attach ID`: see a job again, from the beginning or from an event on.
import { resolve } from "node:path";
import { type Context, gatewayOf } from "../Context.ts";
import { attach } from "./run.ts";

export async function attachCommand(
  context: Context,
  jobId: string,
  flags: { from?: number; output?: string },
): Promise<number> {
  return attach(context, gatewayOf(context), {
    jobId,
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.output === undefined ? {} : { output: resolve(context.cwd, flags.output) }),
  });
}
