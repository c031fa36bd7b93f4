// What this node can say against a commitment that its audit found false, in the terms of the court; undefined when the court
// could be shown nothing: then the verdict stays an audit's.
import { hasCode } from "@weft/protocol/Errors";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { outlineProgram } from "@weft/tensor/train/Program";
import { type Accusation, accusationOf } from "@weft/verification/court/grounds";
import { stateRootOf } from "@weft/verification/court/hashes";
import { rootOf } from "@weft/verification/court/ownTrees";
import type { NodeContext } from "../NodeContext.ts";
import type { Held, History } from "./Histories.ts";
import { historyOptions, programOptions, type Subject, termsOf } from "./materials.ts";
import type { Replays } from "./Replays.ts";

export interface Found {
  accusation: Accusation | undefined;
  program: History["program"];
}

/** Replays the segment; `until`: the end of its window, Unix seconds. @throws WeftError of the chain, as Replays */
export async function findAccusation(
  context: NodeContext,
  replays: Replays,
  subject: Subject & { key: string; until: number },
): Promise<Found> {
  const { commitment, lease, key } = subject;
  const first = commitment.segment === 0n ? commitment : await context.chain.commitment(lease.leaseId, 0n);
  const held = await openHistory(context, replays, subject);
  try {
    const { program, oracle } = held.history;
    const isOrders = first.firstStep === program.startStep && first.startRoot === program.startRoot;
    const begunRightly = isOrders || (await context.chain.court.shownStart(lease.leaseId, first)) !== undefined;
    const shapes = outlineProgram(termsOf(subject).program).step.state.map(({ shape }) => shape);
    const known = { program, begunRightly, oracle, shapes };
    const needsReplay = begunRightly && held.isReplay;
    if (needsReplay && !(await startsWhere(held.history, commitment))) return { accusation: undefined, program };
    const accusation = await accusationOf(commitment, known);
    replays.worked(key);
    return { accusation, program };
  } catch (error) {
    return await replays.broke(held.isReplay ? key : programKey(key), error);
  } finally {
    held.release();
    // What it answered is kept; of the game it would have to run to the step that is chosen, as a new one does.
    if (held.isReplay) void replays.close(key).catch(() => {});
    else await replays.forget(programKey(key));
  }
}

/** Of a history that isn't the segment's: nothing that it answers is that one's. */
const programKey = (key: string): string => `${key}/program`;

/** Of the segment, or of the order's program alone where the segment has no start that could be replayed. */
async function openHistory(
  context: NodeContext,
  replays: Replays,
  subject: Subject & { key: string; until: number },
): Promise<Held & { isReplay: boolean }> {
  const { key, until } = subject;
  try {
    const options = () => historyOptions(context, subject);
    return { ...(await replays.acquire(key, { options, until })), isReplay: true };
  } catch (error) {
    if (!hasCode(error, "court.startUnknown")) throw error;
    const options = () => programOptions(context, subject);
    return { ...(await replays.acquire(programKey(key), { options, until })), isReplay: false };
  }
}

/**
 * Whether the state at hand is the one that the commitment names. Another one under the id that the segment before committed
 * to is its provider's fault, but nothing that a court can be shown (spec/court.md §2).
 */
export async function startsWhere({ program, oracle }: History, commitment: SegmentCommitment): Promise<boolean> {
  const step = Number(commitment.firstStep) - 1;
  const entries = await rootOf(oracle, { of: "entries", step }, Number(program.inputs));
  return stateRootOf(commitment.firstStep, program.inputs, entries) === commitment.startRoot;
}
