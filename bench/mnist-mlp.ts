// The MLP 784-56-10 on MNIST as a committed inference: what it costs to run one image so that a court can judge every word of
// it, and to check that. Beside it published times of proof systems for the same network (ZKML-Benchmark by Guy1m0, per
// proof, on its author's machine). They do more: a proof convinces who has neither the weights nor the time to compute. A
// commitment is this cheap because who doubts it computes again, and a court settles where the two differ. Weights are
// loaded and their roots known before the clock runs (`load_ms`), as proofs have their set-up.
import { checkInference, commitInference } from "../packages/tensor/src/commit/commitInference.ts";
import { type InferenceModel, openInferenceModel } from "../packages/tensor/src/commit/InferenceModel.ts";
import { exportOnnx } from "../packages/tensor/src/formats/onnx/exportOnnx.ts";
import { importPeer } from "../tools/peers.ts";
import { type DisputeStep, disputeInference } from "./mnistDispute.ts";
import {
  batchOf,
  CLASSES,
  type Digits,
  inferenceGraph,
  PIXELS,
  readDigits,
  trainMlp,
  type Weights,
} from "./mnistModel.ts";
import { type Bench, type Figure, figure, mustHold, quantile, ratioFigure } from "./report.ts";

const WARM_UP = 50;
const ROUNDS = 500;

/** Milliseconds of a proof. */
const PUBLISHED = {
  ezkl: { peer: "EZKL, accuracy mode, ms a proof, published", peerValue: 38_000 },
  zkml: { peer: "zkml, ms a proof, published", peerValue: 21_700 },
  circomlib_ml: { peer: "circomlib-ml, ms a proof, published", peerValue: 2_350 },
  opml: { peer: "opML, ms in its VM without a proof, published", peerValue: 3_600 },
} as const;

/** The whole game over one false inference, both sides together and each by itself. */
async function* disputed(model: InferenceModel, unseen: Digits): AsyncGenerator<Figure> {
  const { committing, steps } = await disputeInference(model, unseen);
  yield figure("mlp.epoch_gas", { value: committing, unit: "gas, however many results" });
  const gasOf = (some: readonly DisputeStep[]) => some.reduce((sum, { result }) => sum + Number(result.gasUsed), 0);
  yield figure("mlp.dispute_gas", { value: gasOf(steps), unit: "gas" });
  for (const side of ["defender", "rival"] as const) {
    const own = steps.filter((step) => step.side === side);
    yield figure(`mlp.dispute_gas_${side}`, { value: gasOf(own), unit: `gas: ${own.length} transactions` });
  }
  for (const { call, result } of steps)
    yield figure(`mlp.dispute_gas_${call}`, { value: Number(result.gasUsed), unit: "gas" });
}

export const bench: Bench = {
  name: "mnist-mlp",
  about:
    "committed inference of a 784-56-10 MLP on MNIST, its check, accuracy and dispute, beside published proof systems",
  run: measure,
};

async function* measure(): AsyncGenerator<Figure> {
  const { learned, unseen } = readDigits();
  const weights = await trainMlp(learned);
  const graph = inferenceGraph(1);
  const started = performance.now();
  const prover = await openInferenceModel(graph, { weights });
  const loading = performance.now() - started;
  const checker = await openInferenceModel(graph, { weights });
  yield* accuracy(prover, weights, unseen);
  yield figure("mlp.load_ms", { value: loading, unit: "ms" });
  yield* times(prover, checker, unseen);
  yield* disputed(checker, unseen);
  await Promise.all([prover.close(), checker.close()]);
}

type OrtTensor = { readonly data: Float32Array };
type Ort = {
  InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ run(feeds: object): Promise<{ logits: OrtTensor }> }>;
  };
  Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => object;
};

/** Share of images whose largest logit is that of what they show. */
function accuracyOf(logits: Float32Array, { labels }: Digits): number {
  const right = labels.filter((label, row) => {
    const scores = logits.subarray(CLASSES * row, CLASSES * (row + 1));
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return right.length / labels.length;
}

/** Logits of every image, each a committed inference of its own. */
function committedLogits(model: InferenceModel, unseen: Digits): Float32Array {
  return Float32Array.from(
    Array.from(unseen.labels.keys()).flatMap((image) => {
      const { outputs } = commitInference(model, { inputs: { images: batchOf(unseen, image, 1) }, number: image });
      return Array.from(outputs["logits"]!.data);
    }),
  );
}

async function* accuracy(model: InferenceModel, weights: Weights, unseen: Digits): AsyncGenerator<Figure> {
  const rows = unseen.labels.length;
  const own = committedLogits(model, unseen);
  const share = accuracyOf(own, unseen);
  mustHold(share > 0.93, `the network has learned (${share} of ${rows} unseen images right)`);
  const ort = await importPeer<Ort>("onnxruntime-node");
  const options = { executionProviders: ["cpu"] };
  const session = await ort.InferenceSession.create(exportOnnx(inferenceGraph(rows), { state: weights }), options);
  const images = new ort.Tensor("float32", unseen.images.slice(), [rows, PIXELS]);
  const { data } = (await session.run({ images })).logits;
  mustHold(
    own.every((logit, i) => Math.abs(logit - data[i]!) < 1e-3),
    "onnxruntime-node computes the same network",
  );
  const theirs = accuracyOf(data, unseen);
  const peer = { peer: "onnxruntime-node 1.30 with the same weights", peerValue: theirs };
  yield figure("mlp.accuracy", { value: share, unit: `of ${rows} unseen images` }, peer);
  yield figure("mlp.accuracy_loss", { value: theirs - share, unit: "of the images" }, { atMost: 0, atLeast: 0 });
}

const clock = <T>(run: () => T): [ms: number, result: T] => {
  const started = performance.now();
  const result = run();
  return [performance.now() - started, result];
};

/** Image by image, proven and then checked. */
function race(prover: InferenceModel, checker: InferenceModel, unseen: Digits): { prove: number; check: number } {
  const taken = { prove: [] as number[], check: [] as number[] };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const inputs = { images: batchOf(unseen, round + WARM_UP, 1) };
    const [proving, { operatorsRoot }] = clock(() => commitInference(prover, { inputs }));
    const [checking, agrees] = clock(() => checkInference(checker, { inputs, operatorsRoot }));
    mustHold(agrees, `image ${round + WARM_UP}: the checker finds the prover's root`);
    if (round < 0) continue;
    taken.prove.push(proving);
    taken.check.push(checking);
  }
  return { prove: quantile(taken.prove, 0.5), check: quantile(taken.check, 0.5) };
}

async function* times(prover: InferenceModel, checker: InferenceModel, unseen: Digits): AsyncGenerator<Figure> {
  const { operatorsRoot } = commitInference(prover, { inputs: { images: batchOf(unseen, 0, 1) } });
  const other = { images: batchOf(unseen, 1, 1) };
  mustHold(!checkInference(checker, { inputs: other, operatorsRoot }), "another image has another root");
  const { prove, check } = race(prover, checker, unseen);
  yield figure("mlp.prove_ms", { value: prove, unit: "ms" }, { atMost: 5 });
  yield figure("mlp.check_ms", { value: check, unit: "ms" }, { atMost: 5 });
  for (const [name, peer] of Object.entries(PUBLISHED))
    yield ratioFigure(`mlp.prove_vs_${name}`, prove / peer.peerValue, peer);
}
