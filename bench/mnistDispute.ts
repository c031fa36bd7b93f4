// The whole game over one false inference in the deployed contracts, from receipts: a served image of an epoch of three, in whose
// run one bit of one word was flipped where an output shows it. On a development chain with the parameters of a real one, whose
// clock stands still between moves; all who play have played before, so that slots are in the steady state.
import { networkFixture } from "../packages/chain/src/networkFixture.ts";
import { ladderOf } from "../packages/court/src/gameRules.ts";
import {
  bonded,
  committed,
  epochNode,
  names,
  playResult,
  type ResultStep,
  requestOf,
  type Served,
  served,
} from "../packages/court/src/resultFixture.ts";
import { type CommittedInference, commitInference } from "../packages/tensor/src/commit/commitInference.ts";
import type { InferenceModel } from "../packages/tensor/src/commit/InferenceModel.ts";
import type { Change } from "../packages/tensor/src/commit/Trace.ts";
import { firstNodeValue } from "../packages/tensor/src/graph/inferTypes.ts";
import { bitsView } from "../packages/tensor/src/graph/TensorValue.ts";
import { answeredWith, sealEpoch } from "../packages/verification/src/epoch.ts";
import { batchOf, type Digits } from "./mnistModel.ts";
import { mustHold } from "./report.ts";

const IMAGES = 3;
const DISPUTED = 1;
const BOND = 1_000_000n;
/** Of the word's mantissa. */
const FLIP = 1 << 20;

export type DisputeStep = ResultStep & { readonly call: string };

export type Dispute = {
  /** Gas of the epoch's commitment, however many results it has. */
  readonly committing: number;
  /** Every transaction of a game that the liar loses: the bond, the challenge, each move, the proof, the court's note of it. */
  readonly steps: readonly DisputeStep[];
};

export async function disputeInference(model: InferenceModel, digits: Digits): Promise<Dispute> {
  const network = await networkFixture({ preset: "standard", blockTimeSeconds: 0.05 });
  try {
    await network.freeze();
    const serving = served(model, await epochNode(network));
    await dispute({ network, serving, digits, epoch: 0n });
    return await dispute({ network, serving, digits, epoch: 1n });
  } finally {
    await network.end();
  }
}

type Scene = {
  readonly network: Awaited<ReturnType<typeof networkFixture>>;
  readonly serving: Served;
  readonly digits: Digits;
  readonly epoch: bigint;
};

async function dispute({ network, serving, digits, epoch: number }: Scene): Promise<Dispute> {
  const { model, court, nodeId } = serving;
  const optionsOf = (image: number) => ({ number: image, inputs: { images: batchOf(digits, image, 1) } });
  const truth = commitInference(model, optionsOf(DISPUTED));
  const lie = commitInference(model, { ...optionsOf(DISPUTED), changeOf: lieIn(model) });
  const epoch = sealEpoch(
    { nodeId, epoch: number },
    Array.from({ length: IMAGES }, (_, image) => {
      const run = image === DISPUTED ? lie : commitInference(model, optionsOf(image));
      return answeredWith(requestOf(serving, optionsOf(image)), run);
    }),
  );
  const { gasUsed } = await committed(network, epoch, BOND);
  const bond = await bonded(network, names.sponsor, { amount: ladderOf(network.client.params), id: `bond ${number}` });
  const runs: Readonly<Record<"defender" | "rival", CommittedInference>> = { defender: lie, rival: truth };
  const steps = await playResult(network, { epoch, index: DISPUTED, court, runs });
  mustHold(steps.at(-2)!.result.kind === "proveFold", "the false word is found in one partial sum");
  const all = [{ side: "rival" as const, result: bond }, ...steps];
  return { committing: Number(gasUsed), steps: all.map((step) => ({ ...step, call: step.result.kind })) };
}

/** Of the first product: a word that the activation lets through. */
function lieIn({ step: { graph } }: InferenceModel): (value: number) => Change | undefined {
  const product = firstNodeValue(graph) + graph.nodes.findIndex(({ op }) => op === "matmul");
  return (value) => (value === product ? flipLargest : undefined);
}

const flipLargest: Change = (own) => {
  const words = Array.from(own.data);
  bitsView(own)[words.indexOf(Math.max(...words))]! ^= FLIP;
};
