// What a dispute costs in the deployed contracts, from receipts: a game of full depth over a lazily hashed synthetic trace, and games
// over the main job's real run, replayed by the workers that a node plays with. The dearer side counts, with everything that it
// sends: the challenge that brings its bond, each move, the proof with the verdict. The proof alone is asked for besides.
import { playMove } from "@weft/chain/actions/playMove";
import { readDispute, readGameView } from "@weft/chain/courtReads";
import {
  type Cost,
  type CourtRoom,
  type Meddle,
  newLease,
  openCourtRoom,
  playersOf,
  playToEnd,
  sponsored,
} from "@weft/court/courtRoomFixture";
import { commit, commitmentOf } from "@weft/court/disputeFixture";
import * as Segment from "@weft/protocol/Segment";
import type { CourtStruct } from "@weft/verification/court/Move";
import { rootOf } from "@weft/verification/court/ownTrees";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
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
import { tinyShakespeare } from "./realInputs.ts";
import { type Bench, type Figure, figure, mustHold } from "./report.ts";

export const bench: Bench = {
  name: "court",
  about:
    "gas of a whole dispute a side, of its dearest proof and of each move, synthetic at full depth and over the main job",
  run: measure,
};

const SHAPE = { steps: 10_000, values: 400, rows: 2048, columns: 2048, terms: 4096 } as const;
const SMALL = { steps: 4, values: 8, rows: 2, columns: 2, terms: 2 } as const;
const PLACE = { step: 7777, element: 3_000_001, chunk: 90 } as const;
const LIMITS = { threads: 1, memoryMiB: 1024, nice: 0 } as const;
const LIMIT = { rounds: 13, side: 1_200_000, leaf: 250_000 } as const;

const sponsor = "rival";

/** Two histories of a segment from the program's own start, of which the defender's is false. */
interface Disputed {
  program: CourtStruct;
  steps: number;
  defender: TraceOracle;
  rival: TraceOracle;
}

interface Played {
  costs: Cost[];
  /** Gas that the proof takes without the verdict that goes with it. */
  leaf: number;
}

/** The rival's challenge, every move of both sides, the verdict: the false commitment must be eliminated. */
async function playMeasured(room: CourtRoom, { program, steps, defender, rival }: Disputed): Promise<Played> {
  const { network } = room;
  const lease = await newLease(room, program);
  const segment = { oracle: defender, firstStep: 0n, lastStep: BigInt(steps - 1) };
  const said = await commitmentOf(lease, { ...segment, startRoot: program.startRoot });
  const commitment = await commit(network, lease, said);
  const accusation = { call: "challenge", rival: await rootOf(rival, { of: "steps" }, steps) } as const;
  const { opened, costs } = await sponsored(room, { lease, commitment, accusation, sponsor });
  const leaves: number[] = [];
  const players = playersOf(room, opened, { lease, sponsor, defender, rival });
  const made = await playToEnd(room, players, proofsAlone(room, leaves));
  const [view, dispute] = await Promise.all([
    readGameView(network.client, opened.game),
    readDispute(network.client, Segment.hash(commitment)),
  ]);
  mustHold(view.outcome === "rival" && dispute.eliminated, "the false commitment was eliminated");
  mustHold(leaves.length === 1, "the game ended by one proof");
  return { costs: [...costs, ...made.map(({ cost }) => cost)], leaf: leaves[0]! };
}

/** Asks for each proof, before it is sent, what it would take from anybody who sends it to the games themselves. */
const proofsAlone =
  ({ network: { client } }: CourtRoom, leaves: number[]): Meddle =>
  async (_, { turn, game }) => {
    if (turn.act !== "move" || game === undefined || !turn.move.call.startsWith("prove")) return undefined;
    const { to, data } = playMove(client, { game, move: turn.move });
    leaves.push(Number(await client.rpc.estimateGas({ to, data })));
    return undefined;
  };

async function* measure(): AsyncGenerator<Figure> {
  const room = await openCourtRoom([sponsor]);
  try {
    // Slots are in the steady state: sponsor and buyer have been in a dispute before.
    const small = await syntheticDispute(SMALL, { step: 1, element: 0, chunk: 0 });
    await playMeasured(room, { ...small.court, defender: small.lie, rival: small.truth });
    const { court, truth, lie } = await syntheticDispute(SHAPE, PLACE);
    const deep = await playMeasured(room, { ...court, defender: lie, rival: truth });
    yield* figures("court.", deep, LIMIT);
    yield* moves(deep.costs);
    yield* mainJob(room);
  } finally {
    await room.network.end();
  }
}

const around = new Set(["challenge", "concludeGame"]);
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

function* figures(prefix: string, { costs, leaf }: Played, limits: Limits = {}): Generator<Figure> {
  const within = (limit: number | undefined) => (limit === undefined ? {} : { atMost: limit });
  const played = costs.filter(({ call }) => !around.has(call));
  // A round is a move of each side.
  yield figure(`${prefix}rounds`, { value: Math.ceil(played.length / 2), unit: "rounds" }, within(limits.rounds));
  const gas = { value: dearer(costs, (cost) => cost.gas), unit: "gas" };
  yield figure(`${prefix}gas_side`, gas, within(limits.side));
  yield figure(`${prefix}leaf_gas_max`, { value: leaf, unit: "gas" }, within(limits.leaf));
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
