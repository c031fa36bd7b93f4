// Many jobs on one node whose weights flip: which of them were found out, and which segments the beacon had drawn. For
// tests of the rate of detection on the real path: draw on chain, replay, sealed and opened verdicts, a second auditor.
import { readDraw } from "@weft/chain/reads";
import type { Hex } from "viem";
import type { JobHandle } from "./JobHandle.ts";
import { segmentsOfTinyJob } from "./jobs.ts";
import { startTestNetwork, type TestNetwork } from "./TestNetwork.ts";

const stepsPerSegment = 6;

export interface FaultyJobs {
  /** Jobs bought at once, all of which the faulty node gets first. */
  jobs: number;
  /** Segments of each that are false, one after the other, the last one at the job's end; one at a random place for 1. */
  badSegments: number;
}

export interface FaultyJob {
  job: JobHandle;
  /** Of the faulty node. */
  leaseId: Hex;
  /** Numbers of the false segments. */
  bad: readonly number[];
  /** Those of them that the contract says are drawn for audit. */
  drawn: readonly number[];
  /** The segment that two auditors found false. */
  found: number | undefined;
}

/**
 * A network of roomy nodes of which node-1, the cheapest, is going to be faulty. No owner allows bonds for the court: it would have
 * segments of one job looked at for what another one's showed, and the draws alone are what is counted here.
 */
export async function startFaultyNetwork(seed: number): Promise<TestNetwork> {
  const roomy = { capacity: 32n, court: { bonds: 0n } };
  return await startTestNetwork({ seed, nodes: [roomy, roomy, roomy, roomy, roomy] });
}

/** Buys the jobs and waits for their ends. @throws Error when a job does not get done */
export async function runFaultyJobs(network: TestNetwork, { jobs, badSegments }: FaultyJobs): Promise<FaultyJob[]> {
  const steps = segmentsOfTinyJob * stepsPerSegment;
  const from = (segmentsOfTinyJob - badSegments) * stepsPerSegment;
  const where = badSegments === 1 ? { steps } : { step: from, everySteps: stepsPerSegment };
  const flips = network.corrupt(network.node("node-1"), where);
  const bought = await Promise.all(
    Array.from({ length: jobs }, () => network.buy({ mechanism: "postedPrice", duration: "90s" })),
  );
  await Promise.all(bought.map((job) => job.done()));
  const faulty = [];
  for (const job of bought) {
    const { leaseId } = job.all("lease")[0] as { leaseId: Hex };
    const flip = flips.get(leaseId);
    if (flip === undefined) throw new Error(`a job ran elsewhere first:\n${job.story()}`);
    const first = Math.floor(flip.step / stepsPerSegment);
    const bad = badSegments === 1 ? [first] : Array.from({ length: badSegments }, (_, index) => first + index);
    const committed = network.snapshot.leases.get(leaseId)?.segmentCount ?? 0;
    const drawn = await drawnOf(
      network,
      leaseId,
      bad.filter((segment) => segment < committed),
    );
    const found = job.all("audit").find(({ phase }) => phase === "confirmedFalse")?.segment;
    faulty.push({ job, leaseId, bad, drawn, found });
  }
  return faulty;
}

async function drawnOf(network: TestNetwork, leaseId: Hex, segments: readonly number[]): Promise<number[]> {
  const { client } = network.chain;
  const draws = await Promise.all(
    segments.map(async (segment) => ({ segment, ...(await readDraw(client, { leaseId, segment: BigInt(segment) })) })),
  );
  return draws.filter(({ ready, sampled }) => ready && sampled).map(({ segment }) => segment);
}
