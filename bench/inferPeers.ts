// llama.cpp's generation by node-llama-cpp, prebuilt, on one thread, from an fp32 GGUF file of the same weights.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeGptGguf } from "../packages/tensor/src/formats/gguf/gptGguf.ts";
import type { GptWeights } from "../packages/tensor/src/formats/readLlama2cCheckpoint.ts";
import type { TokenizerData } from "../packages/tensor/src/tokenizers/tokenizers.ts";
import { importPeer } from "../tools/peers.ts";

type Sequence = {
  evaluate(tokens: readonly number[], options: { temperature: number }): AsyncIterable<number>;
  clearHistory(): Promise<void>;
};
type Context = { getSequence(): Sequence; dispose(): Promise<void> };
type Model = { createContext(options: object): Promise<Context>; dispose(): Promise<void> };
type Llama = {
  readonly systemInfo: string;
  loadModel(options: { modelPath: string }): Promise<Model>;
  dispose(): Promise<void>;
};
type NodeLlamaCpp = { getLlama(options: object): Promise<Llama>; LlamaLogLevel: { error: unknown } };

export type LlamaCpp = {
  /** Version and instruction sets. */
  readonly name: string;
  /** `count` greedy tokens after a prompt, from nothing. */
  generate(prompt: readonly number[], count: number): Promise<number[]>;
  close(): Promise<void>;
};

/** Loads the model; its file lies in a temporary folder until the peer is closed. */
export async function openLlamaCpp(
  model: GptWeights,
  { tokenizer, context }: { tokenizer: TokenizerData; context: number },
): Promise<LlamaCpp> {
  const { getLlama, LlamaLogLevel } = await importPeer<NodeLlamaCpp>("node-llama-cpp");
  const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1 });
  const folder = mkdtempSync(join(tmpdir(), "weft-infer-"));
  const close = async () => {
    await llama.dispose();
    rmSync(folder, { recursive: true });
  };
  try {
    const modelPath = join(folder, "model.gguf");
    writeFileSync(modelPath, writeGptGguf(model, { tokenizer, type: "f32" }));
    const loaded = await llama.loadModel({ modelPath });
    // A batch as long as the context: its prompts are computed at once.
    const sequence = (
      await loaded.createContext({ contextSize: context, batchSize: context, threads: 1, flashAttention: false })
    ).getSequence();
    return {
      name: `llama.cpp (node-llama-cpp 3.22.1, ${instructionSets(llama.systemInfo)})`,
      async generate(prompt, count) {
        await sequence.clearHistory();
        const tokens: number[] = [];
        for await (const token of sequence.evaluate([...prompt], { temperature: 0 })) {
          tokens.push(token);
          if (tokens.length === count) break;
        }
        return tokens;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Those that the loaded library says it was built with: "AVX2 FMA AVX512". */
function instructionSets(systemInfo: string): string {
  const sets = [...systemInfo.matchAll(/\b(AVX\w*|FMA|SSE3|NEON) = 1/g)].map(([, name]) => name);
  return sets.length === 0 ? "no SIMD" : sets.join(" ");
}
