// Which states a lease may begin from, and that a provider goes on from no other, whatever its gateway says.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseFacts } from "@weft/chain/facts";
import { hasCode } from "@weft/protocol/Errors";
import type { JobStart } from "@weft/protocol/JobStart";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { fromHex32 } from "@weft/tensor/sha256";
import { checkpointStateRoot, encodeCheckpoint } from "@weft/tensor/train/Checkpoint";
import { outlineProgram } from "@weft/tensor/train/Program";
import { startRootOf } from "@weft/tensor/train/startRoot";
import { startState } from "@weft/tensor/train/startState";
import { tinyCorpus as corpus, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { bytesToHex, type Hex, numberToHex, sha256 } from "viem";
import type { NodeContext } from "../NodeContext.ts";
import type { JobTerms } from "./checkOpen.ts";
import { earlierEnds, orderOrigin } from "./origins.ts";
import { takeStart } from "./takeStart.ts";

const hash = (n: number): Hex => numberToHex(n, { size: 32 });
const program = tinyTrainProgram({ totalSteps: 60, stepsPerSegment: 20 });
const outline = outlineProgram(program);
const terms: JobTerms = {
  ...{ program, programHash: bytesToHex(outline.hash), start: null, court: null },
  corpus: { contentId: sha256(corpus), bytes: corpus.length },
};
const [first, second, third] = [hash(1), hash(2), hash(3)];
const lease = { leaseId: third, orderHash: hash(9) } as LeaseFacts;

/** Real bytes of the state before step 20. */
const state = startState(fromHex32(program.seed, "seed"), outline.step.state);
const checkpoint = encodeCheckpoint(outline, { nextStep: 20, state });
const contentId = sha256(checkpoint);
const stateRoot = bytesToHex(checkpointStateRoot(outline, checkpoint));

function committed(segment: number, changes: Partial<SegmentCommitment> = {}): SegmentCommitment {
  return {
    ...{ leaseId: first, segment: BigInt(segment), orderHash: hash(9), program: terms.programHash },
    ...{ firstStep: BigInt(20 * segment), lastStep: BigInt(20 * segment + 19), dataRoot: program.dataRoot },
    ...{ startRoot: hash(30 + segment), endRoot: stateRoot, historyRoot: hash(4), checkpoint: contentId },
    ...{ meteredSeconds: 1n, tokens: 1n, beaconRound: 1n },
    ...changes,
  };
}

interface Chain {
  commitments: Record<Hex, SegmentCommitment[]>;
  void?: Hex;
}

const reads = ({ commitments, void: fallen }: Chain) => ({
  fillsOf: () => [first, second, third].map((leaseId) => ({ leaseId, segments: commitments[leaseId]?.length ?? 0 })),
  commitment: async (leaseId: Hex, segment: bigint) => commitments[leaseId]![Number(segment)]!,
  stoodFor: async ({ leaseId, heir }: { leaseId: Hex; heir: Hex }) => leaseId !== fallen && heir === third,
});

test("an earlier lease's segment that ends before the step is a start, while it stood and is of this job", async () => {
  const ends = async (chain: Chain, step = 20n) =>
    (await earlierEnds(reads(chain), { lease, step, terms })).map(({ leaseId, segment }) => [leaseId, segment]);
  const both = { [first]: [committed(0), committed(1)], [second]: [committed(1, { leaseId: second })] };
  assert.deepEqual(await ends({ commitments: both }), [[first, 0n]]);
  assert.deepEqual(await ends({ commitments: both }, 40n), [
    [first, 1n],
    [second, 0n],
  ]);
  assert.deepEqual(await ends({ commitments: both, void: first }, 40n), [[second, 0n]]);
  assert.deepEqual(await ends({ commitments: both }, 30n), []);
  assert.deepEqual(await ends({ commitments: both }, 60n), []);
  assert.deepEqual(await ends({ commitments: { [third]: [committed(0)] } }), [], "its own segments are no start");
  for (const odd of [{ program: hash(7) }, { dataRoot: hash(7) }, { lastStep: 18n }])
    assert.deepEqual(await ends({ commitments: { [first]: [committed(0, odd)] } }), []);
});

test("the order's own start: the seeded state, or the one its details name", async () => {
  assert.deepEqual(await orderOrigin(terms), { step: 0n, stateRoot: await startRootOf(program) });
  const start: JobStart = { step: 20, stateRoot, checkpoint: contentId, bytes: checkpoint.length };
  assert.deepEqual(await orderOrigin({ program, start }), { step: 20n, stateRoot, checkpoint: contentId });
});

test("a provider goes on from no state that neither order nor chain know", async () => {
  const stored = new Map([[contentId, checkpoint]]);
  const context = (chain: Chain) =>
    ({
      ...{ chain: reads(chain), faults: {}, transport: { peerId: "self" } },
      blobs: { has: (id: Hex) => stored.has(id), pin: () => {}, read: async (id: Hex) => stored.get(id) },
    }) as unknown as NodeContext;
  const { signal } = new AbortController();
  const resume = { contentId, bytes: checkpoint.length, nextStep: 20 };
  const take = (chain: Chain, changes: { terms?: JobTerms; resume?: typeof resume | undefined } = {}) =>
    takeStart(context(chain), { ...{ lease, terms, resume, sources: [], signal }, ...changes });
  const good = { commitments: { [first]: [committed(0)] } };
  assert.deepEqual(await take(good), resume);
  assert.equal(await take(good, { resume: undefined }), undefined);
  const start: JobStart = { step: 20, stateRoot, checkpoint: contentId, bytes: checkpoint.length };
  const continued = { ...terms, start };
  assert.deepEqual(await take({ commitments: {} }, { terms: continued, resume: undefined }), resume);
  assert.deepEqual(await take({ commitments: {} }, { terms: continued }), resume);

  const refused = (taken: Promise<unknown>) => assert.rejects(taken, (error) => hasCode(error, "job.start"));
  await refused(take({ commitments: {} }));
  await refused(take({ ...good, void: first }));
  await refused(take(good, { resume: { ...resume, nextStep: 40 } }));
  stored.set(hash(5), checkpoint);
  await refused(take(good, { resume: { ...resume, contentId: hash(5) } }));
  await refused(take({ commitments: { [first]: [committed(0, { endRoot: hash(8) })] } }));
  stored.set(hash(6), new Uint8Array(100));
  await refused(
    take(
      { commitments: { [first]: [committed(0, { checkpoint: hash(6) })] } },
      { resume: { ...resume, contentId: hash(6) } },
    ),
  );
});
