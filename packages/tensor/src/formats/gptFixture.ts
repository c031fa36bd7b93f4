// For tests: a small language model with start weights, and its logits by the reference.
import type { Value } from "../graph/Emitter.ts";
import { GraphBuilder } from "../graph/GraphBuilder.ts";
import { tensorFrom } from "../graph/TensorValue.ts";
import { type GptConfig, gpt } from "../models/gpt.ts";
import { stateInput } from "../models/StateTensor.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { startState } from "../train/startState.ts";
import type { GptWeights } from "./readLlama2cCheckpoint.ts";

const SMALL = { kind: "gpt", context: 64, dim: 32, layers: 2, heads: 4, kvHeads: 2, hidden: 48 } as const;

/** Two layers over a vocabulary, start weights of a fixed seed. */
export function smallModel(vocab: number, tiedHead = true): GptWeights {
  const config = gpt.validate({ ...SMALL, vocab, tiedHead, normEpsilonNano: 10_000, ropeTheta: 10_000 });
  const state = startState(new Uint8Array(32).fill(7), gpt.parameters(config));
  return { config, tensors: Object.entries(state).map(([name, tensor]) => ({ name, ...tensor })) };
}

/** The graph from `tokens` i32 [1,T] to `logits` [T, vocab]; parameters are state. */
export function forwardGraph(config: GptConfig, length: number) {
  const g = new GraphBuilder();
  const weights: Record<string, Value> = {};
  for (const parameter of gpt.parameters(config)) weights[parameter.name] = g.input(stateInput(parameter));
  const data = g.input({ name: "tokens", role: "batch", dtype: "i32", shape: [1, length] });
  g.output("logits", gpt.logits(g, config, { weights, data }));
  return g.finish();
}

/** [T, vocab] by the reference. */
export function forward({ config, tensors }: GptWeights, tokens: Int32Array): Float32Array {
  const state = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));
  const inputs = { ...state, tokens: tensorFrom("i32", [1, tokens.length], tokens) };
  return evaluateGraph(forwardGraph(config, tokens.length), inputs).outputs["logits"]!.data as Float32Array;
}

/** The token with the highest logit after each of the tokens; the first of equals. */
export function greedyAfter(model: GptWeights, tokens: Int32Array): number[] {
  const { vocab } = model.config;
  const logits = forward(model, tokens);
  return Array.from(tokens, (_, t) => {
    const row = logits.subarray(vocab * t, vocab * (t + 1));
    return row.indexOf(Math.max(...row));
  });
}

/** A prompt continued by `count` greedy tokens, which are returned. */
export function continueGreedily(model: GptWeights, prompt: Int32Array, count: number): number[] {
  const tokens = [...prompt];
  for (let i = 0; i < count; i++) tokens.push(greedyAfter(model, Int32Array.from(tokens)).at(-1)!);
  return tokens.slice(prompt.length);
}
