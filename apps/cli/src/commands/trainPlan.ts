// `weft train FILE.yaml --plan`: what would be trained, what it needs, and what has to be beaten. Nothing is trained.
import type { Threads } from "@weft/tensor/execute/openGraph";
import { elementCount } from "@weft/tensor/graph/Graph";
import { toHex } from "@weft/tensor/sha256";
import { evaluateNGrams } from "@weft/tensor/train/evaluate";
import { heldOut } from "@weft/tensor/train/heldOut";
import { type OpenProgram, trainingBytesOf } from "@weft/tensor/train/Program";
import { neededMemory, trainingTokens } from "@weft/tensor/train/Trainer";
import type { Context } from "../Context.ts";
import { bytesOf, grouped } from "../render/figures.ts";
import { wholeTable } from "../render/table.ts";

/** Characters of context of the n-grams. */
const orders = [0, 1, 2, 3, 4];

export const parametersOf = ({ step }: OpenProgram): number =>
  step.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);

export function showPlan(
  context: Context,
  open: OpenProgram,
  { name, corpus, threads }: { name: string; corpus: Uint8Array; threads: Threads },
): number {
  const { program } = open;
  const trainingBytes = trainingBytesOf(program);
  const plan = {
    ...{ name, programHash: toHex(open.hash), parameters: parametersOf(open), vocab: program.model.vocab },
    context: program.model.context,
    steps: program.totalSteps,
    tokensPerStep: elementCount(open.step.batch.targets.shape),
    trainingBytes,
    trainingTokens: trainingTokens(open, corpus).length,
    heldOutBytes: corpus.length - trainingBytes,
    memoryBytes: neededMemory(open, threads),
  };
  const bits = evaluateNGrams(heldOut(open, corpus), orders);
  const nGrams = orders.map((order, i) => ({ context: order, bitsPerByte: bits[i]! }));
  context.emit({ kind: "summary", ok: true, ...plan, nGrams });
  const { tokensPerStep, trainingTokens: tokens } = plan;
  const rows: [string, string][] = [
    ["program", plan.programHash],
    ["model", `${grouped(plan.parameters)} parameters, vocabulary ${plan.vocab}, context ${plan.context} tokens`],
    ["training", `${grouped(plan.steps)} steps of ${grouped(tokensPerStep)} tokens`],
    [
      "text",
      `${grouped(trainingBytes)} bytes to train on, ${grouped(tokens)} tokens; ${grouped(plan.heldOutBytes)} held out`,
    ],
    ["passes", `${((plan.steps * tokensPerStep) / tokens).toFixed(2)} over the text`],
    ["memory", bytesOf(plan.memoryBytes)],
  ];
  for (const line of wholeTable([{ title: "" }, { title: "" }], rows, context.look).slice(1)) context.say(line);
  context.say("");
  context.say("n-grams, bits per character of the held-out text");
  const columns = [
    { title: "characters of context", align: "right" as const },
    { title: "bits", align: "right" as const },
  ];
  const shown = nGrams.map(({ context: order, bitsPerByte }) => [String(order), bitsPerByte.toFixed(3)]);
  for (const line of wholeTable(columns, shown, context.look)) context.say(line);
  return 0;
}
