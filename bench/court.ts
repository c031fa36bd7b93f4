// What a dispute costs in the deployed contracts, from receipts: a game of full depth over a lazily hashed synthetic trace, and games
// over the main job's real run, replayed by the workers that a node plays with. The dearer side counts, with everything that it
// sends: its bond, the challenge, each move, the proof, the verdict.
import { openDispute } from "../packages/compute/src/tensor/openDispute.ts";
import { fusedProducts } from "../packages/tensor/src/commit/cheats.ts";
import { openCourtProgram, ownStart } from "../packages/tensor/src/commit/courtProgram.ts";
import { segmentTrees } from "../packages/tensor/src/commit/segmentTrees.ts";
import { firstNodeValue } from "../packages/tensor/src/graph/inferTypes.ts";
import { fromHex32 } from "../packages/tensor/src/sha256.ts";
import { createTrainProgram, openProgram } from "../packages/tensor/src/train/Program.ts";
import { trainPresets } from "../packages/tensor/src/train/presets.ts";
import { startState } from "../packages/tensor/src/train/startState.ts";
import { trainingTokens } from "../packages/tensor/src/train/Trainer.ts";
import { courtStruct } from "../packages/verification/src/court/Move.ts";
import { syntheticDispute } from "../packages/verification/src/court/syntheticFixture.ts";
import { oracleOf } from "../packages/verification/src/court/TraceOracle.ts";
import { type Cost, type CourtRoom, openCourtRoom, playMeasured } from "./courtGame.ts";
import { tinyShakespeare } from "./realInputs.ts";
import { type Bench, type Figure, figure, mustHold } from "./report.ts";

export const bench: Bench = {
  name: "court",
  about:
    "gas of a whole dispute a side, of its dearest proof and of each move, synthetic at full depth and over the main job",
  run: measure,
};

const SHAPE = { steps: 10_000, values: 400, rows: 2048, columns: 2048, terms: 4096 } as const;
const PLACE = { step: 7777, element: 3_000_001, chunk: 90 } as const;
const LIMITS = { threads: 1, memoryMiB: 1024, nice: 0 } as const;
const LIMIT = { rounds: 13, side: 1_200_000, leaf: 250_000 } as const;

async function* measure(): AsyncGenerator<Figure> {
  const room = await openCourtRoom();
  try {
    const { court, truth, lie } = await syntheticDispute(SHAPE, PLACE);
    const deep = await playMeasured(room, { ...court, defender: lie, rival: truth });
    yield* figures("court.", deep, LIMIT);
    yield* moves(deep);
    yield* mainJob(room);
  } finally {
    await room.network.end();
  }
}

const isProof = ({ call }: Cost): boolean => call.startsWith("prove");
const around = new Set(["depositBond", "challenge", "concludeGame"]);
const sum = (costs: readonly Cost[], of: (cost: Cost) => number): number =>
  costs.reduce((all, cost) => all + of(cost), 0);

/** Most of either side. */
const dearer = (costs: readonly Cost[], of: (cost: Cost) => number): number =>
  Math.max(
    ...(["defender", "rival"] as const).map((side) =>
      sum(
        costs.filter((cost) => cost.side === side),
        of,
      ),
    ),
  );

type Limits = { readonly rounds?: number; readonly side?: number; readonly leaf?: number };

function* figures(prefix: string, costs: readonly Cost[], limits: Limits = {}): Generator<Figure> {
  const within = (limit: number | undefined) => (limit === undefined ? {} : { atMost: limit });
  const played = costs.filter(({ call }) => !around.has(call));
  // A round is a move of each side.
  yield figure(`${prefix}rounds`, { value: Math.ceil(played.length / 2), unit: "rounds" }, within(limits.rounds));
  const gas = { value: dearer(costs, (cost) => cost.gas), unit: "gas" };
  yield figure(`${prefix}gas_side`, gas, within(limits.side));
  const proofs = costs.filter(isProof).map((cost) => cost.gas);
  yield figure(`${prefix}leaf_gas_max`, { value: Math.max(...proofs), unit: "gas" }, within(limits.leaf));
  yield figure(`${prefix}bytes_side`, { value: dearer(costs, (cost) => cost.bytes), unit: "bytes" });
  for (const side of ["defender", "rival"] as const) {
    const own = costs.filter((cost) => cost.side === side);
    yield figure(`${prefix}gas_${side}`, { value: sum(own, (cost) => cost.gas), unit: "gas" });
  }
}

/** The dearest of each kind, and how many there were. */
function* moves(costs: readonly Cost[]): Generator<Figure> {
  for (const call of new Set(costs.map((cost) => cost.call))) {
    const own = costs.filter((cost) => cost.call === call);
    const most = own.reduce((a, b) => (a.gas > b.gas ? a : b));
    yield figure(`court.${call}_gas`, { value: most.gas, unit: `gas, ${own.length} times, ${most.bytes} bytes` });
  }
}

// ---- the main job ----------------------------------------------------------------------------------------------------

const AT_STEP = 13;

async function* mainJob(room: CourtRoom): AsyncGenerator<Figure> {
  const { path: corpusPath, corpus } = tinyShakespeare();
  const program = createTrainProgram(trainPresets.main, { corpus, seed: new Uint8Array(32).fill(3) });
  const open = openProgram(program);
  const tokens = trainingTokens(open, corpus);
  const courtStart = await ownStart(program);
  const court = courtStruct(openCourtProgram(open, tokens, courtStart).program);
  const about = { program: court, steps: program.stepsPerSegment };

  // One bit of one weight after one step, as a corrupted provider's worker and an honest auditor's have it.
  const corrupt = { step: AT_STEP, tensor: "model.norm.weight", index: 2, bit: 0 };
  const worker = { program, corpusPath, segment: 0, limits: LIMITS };
  const workers = [openDispute({ ...worker, corrupt }), openDispute(worker)];
  try {
    const [defender, rival] = [workers[0]!.oracle, workers[1]!.oracle];
    yield* figures("court.main_", await playMeasured(room, { ...about, defender, rival }), LIMIT);
  } finally {
    await Promise.all(workers.map((one) => one.close()));
  }

  // One product of that step with fused multiply-adds.
  const { graph } = open.step;
  const product = firstNodeValue(graph) + graph.nodes.findIndex(({ op }) => op === "matmul");
  mustHold(product >= firstNodeValue(graph), "the step has a product");
  const start = { step: 0, state: startState(fromHex32(program.seed, "seed"), open.step.state) };
  const options = { tokens, start, lastStep: program.stepsPerSegment - 1, courtStart };
  const cheat = fusedProducts(
    (step) => step === AT_STEP,
    open,
    (value) => value === product,
  );
  const defender = oracleOf(segmentTrees(open, { ...options, cheat }));
  const rival = oracleOf(segmentTrees(open, options));
  yield* figures("court.main_sum_", await playMeasured(room, { ...about, defender, rival }), LIMIT);
}
