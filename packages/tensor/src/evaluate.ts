// Held-out quality of a checkpoint in bits per character, with n-gram baselines on the same positions, and seeded text
// samples. Runs the committed forward pass with the kernels, on the caller's thread and in small batches.
// Not here: anything committed; the averages are doubles.
import { decodeCheckpoint } from "./Checkpoint.ts";
import { fillBatch } from "./dataOrder.ts";
import { createKernel, createMemory, heapAllocator, kernelModule, measureHeap, scratchBytes } from "./Kernel.ts";
import { kernelOperators } from "./kernelOperators.ts";
import { allocateWorkspace, forward, type Workspace } from "./mlpStep.ts";
import { nGramBits, trainNGram } from "./NGram.ts";
import { type Program, trainingBytes } from "./Program.ts";
import { type Allocate, allocateState, PARAMETER_KEYS, type Parameters } from "./State.ts";
import { seedWords } from "./seedStream.ts";
import { TensorError } from "./TensorError.ts";
import { tokenise } from "./tokenise.ts";

/** Rows of one forward pass: a few milliseconds, so that an event loop stays usable between passes. */
const EVALUATION_BATCH = 256;
/** Most positions of one evaluation. */
const MAX_POSITIONS = 200_000;
/** Most characters of one sample. */
const MAX_SAMPLE = 20_000;

export type Evaluation = { bitsPerChar: number; positions: number; nextStep: number };

type Model = { run(): void; workspace: Workspace; nextStep: number };

function loadModel(program: Program, checkpoint: Uint8Array, batch: number): Model {
  const saved = decodeCheckpoint(program, checkpoint);
  const plan = (allocate: Allocate) => ({
    state: allocateState(program, allocate),
    workspace: allocateWorkspace(program, batch, allocate),
  });
  const { model, vocab } = program;
  const longest = Math.max(batch, model.hidden, model.context * model.embedding, vocab.length);
  const team = {
    thread: 0,
    threads: 1,
    heapBytes: measureHeap(plan),
    scratchBytes: scratchBytes(longest, vocab.length),
  };
  const memory = createMemory(team.heapBytes, team.scratchBytes, 1);
  const ops = kernelOperators(createKernel(kernelModule(), memory, team));
  const { state, workspace } = plan(heapAllocator(memory));
  const parameters: Parameters = state.parameters;
  for (const key of PARAMETER_KEYS) parameters[key].data.set(saved.state.parameters[key].data);
  return { run: () => forward(ops, parameters, workspace), workspace, nextStep: saved.nextStep };
}

/** At most `count` evenly spaced held-out positions that have a whole context inside the held-out part. */
export function heldOutPositions(program: Program, count: number): Uint32Array {
  if (!Number.isInteger(count) || count < 1 || count > MAX_POSITIONS)
    throw new TensorError("bad-option", `positions is ${count}`, `use 1 to ${MAX_POSITIONS}`);
  const first = trainingBytes(program) + program.model.context;
  const available = program.corpusBytes - first;
  if (available < 1)
    throw new TensorError(
      "bad-option",
      `the held-out part has ${program.corpusBytes - trainingBytes(program)} bytes`,
      "hold out more of the corpus",
    );
  const used = Math.min(count, available);
  return Uint32Array.from({ length: used }, (_, i) => first + Math.floor((i * available) / used));
}

function rowBits(logits: Float32Array, target: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of logits) max = Math.max(max, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - max);
  return (Math.log(sum) - (logits[target]! - max)) / Math.LN2;
}

/**
 * Bits per character of a checkpoint on held-out positions (default 8192). Yields to the event loop between batches.
 * Throws TensorError `bad-checkpoint`, `bad-safetensors`, `bad-corpus`, `bad-option`.
 */
export async function evaluate(
  program: Program,
  checkpoint: Uint8Array,
  corpus: Uint8Array,
  options: { positions?: number } = {},
): Promise<Evaluation> {
  const tokens = tokenise(program, corpus);
  const positions = heldOutPositions(program, options.positions ?? 8192);
  const { run, workspace, nextStep } = loadModel(program, checkpoint, EVALUATION_BATCH);
  const vocab = program.vocab.length;
  let bits = 0;
  for (let first = 0; first < positions.length; first += EVALUATION_BATCH) {
    const batch = positions.subarray(first, first + EVALUATION_BATCH);
    fillBatch(program.model.context, tokens, batch, workspace);
    run();
    for (let r = 0; r < batch.length; r++)
      bits += rowBits(workspace.logits.data.subarray(r * vocab, (r + 1) * vocab), workspace.targets[r]!);
    await new Promise((wake) => setImmediate(wake));
  }
  return { bitsPerChar: bits / positions.length, positions: positions.length, nextStep };
}

/** Bits per character of a Witten–Bell n-gram with `order` characters of context, trained on the training part. */
export function evaluateNGram(
  program: Program,
  corpus: Uint8Array,
  order: number,
  options: { positions?: number } = {},
): number {
  const tokens = tokenise(program, corpus);
  const positions = heldOutPositions(program, options.positions ?? 8192);
  return nGramBits(trainNGram(tokens, trainingBytes(program), order, program.vocab.length), tokens, positions);
}

/**
 * `count` bytes of text after `prompt`, drawn from the softmax of the logits with words of the stream
 * (seed, "weft/sample/1", 0). A short prompt is padded on the left with token 0. A report, not a commitment.
 */
export function sampleText(
  program: Program,
  checkpoint: Uint8Array,
  options: { prompt: Uint8Array; count: number; seed: Uint8Array },
): Uint8Array {
  const { prompt, count, seed } = options;
  if (!Number.isInteger(count) || count < 1 || count > MAX_SAMPLE)
    throw new TensorError("bad-option", `count is ${count}`, `use 1 to ${MAX_SAMPLE}`);
  const { context } = program.model;
  const { run, workspace } = loadModel(program, checkpoint, 1);
  const window = [...new Uint8Array(context), ...tokenise(program, prompt.slice(-context))].slice(-context);
  const words = seedWords(seed, "weft/sample/1", 0, count);
  return Uint8Array.from(words, (word) => {
    workspace.contexts.set(window);
    run();
    const logits = workspace.logits.data;
    const max = logits.reduce((a, b) => Math.max(a, b));
    const weights = Array.from(logits, (value) => Math.exp(value - max));
    let left = (word / 2 ** 32) * weights.reduce((a, b) => a + b);
    const token = weights.findIndex((weight) => (left -= weight) < 0);
    window.push(token < 0 ? weights.length - 1 : token);
    window.shift();
    return program.vocab[window.at(-1)!]!;
  });
}
