// Does the court program of an order belong to its work? A contract judges a dispute by what the order's details name; a
// provider that worked under a program of the buyer's own making could be found false for doing what was ordered.
import { WeftError } from "@weft/protocol/Errors";
import type { NodeContext } from "../NodeContext.ts";
import type { JobTerms } from "./checkOpen.ts";
import type { OpenedJob } from "./LeaseBody.ts";

/**
 * Computes it again from program and corpus, which is at hand. Nothing to check where the order pins no court.
 * @throws WeftError `job.court` when it is another one, or no program can be made of what was ordered; of the court port
 */
export async function checkCourt(
  context: Pick<NodeContext, "courtProgram" | "blobs" | "settings">,
  { job, terms, signal }: { job: Pick<OpenedJob, "order">; terms: JobTerms; signal: AbortSignal },
): Promise<void> {
  if (BigInt(job.order.courtId) === 0n) return;
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
