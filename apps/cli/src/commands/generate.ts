// `weft generate MODEL --prompt …`: text from a model, as it is drawn. The same seed gives the same text.
import { randomInt } from "node:crypto";
import { WeftError } from "@weft/protocol/Errors";
import type { Threads } from "@weft/tensor/execute/openGraph";
import { generateText, type TextEnding, type TextGeneration } from "@weft/tensor/infer/generateText";
import { seedFromNumber } from "@weft/tensor/seedFromNumber";
import type { Context } from "../Context.ts";
import { openModelFile } from "../model/openModelFile.ts";
import { openText } from "../model/openText.ts";
import { harmless } from "../render/terminalText.ts";
import { onInterrupt } from "../start/interrupts.ts";

export interface GenerateFlags {
  prompt: string;
  maxTokens: number;
  /** Thousandths. */
  temperature: number;
  topP?: number;
  repetition?: number;
  topK?: number;
  seed?: number;
  stop?: string[];
  threads?: Threads;
  memory?: number;
  tokenizer?: string;
}

/** Exit code 0; Ctrl-C ends the text where it is. */
export async function generate(context: Context, name: string, flags: GenerateFlags): Promise<number> {
  const { model } = openModelFile(context, name, flags.tokenizer);
  const seed = flags.seed ?? randomInt(2 ** 32);
  const interrupts = onInterrupt(() => process.exit(130));
  const { engine, tokenizer } = await openText(model, { ...flags, slots: 1 });
  try {
    const text = generateText(engine, tokenizer, {
      ...{ prompt: flags.prompt, maxTokens: flags.maxTokens, temperatureMilli: flags.temperature },
      ...{ whenFull: "slide", stop: flags.stop ?? [], seed: seedFromNumber(seed), signal: interrupts.signal },
      ...(flags.topK === undefined ? {} : { topK: flags.topK }),
      ...(flags.topP === undefined ? {} : { topPMilli: flags.topP }),
      ...(flags.repetition === undefined ? {} : { repetitionMilli: flags.repetition }),
    });
    await print(context, text, { prompt: flags.prompt, seed });
    return 0;
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    throw new WeftError("the text ends here: interrupted", { code: "cli.interrupted" });
  } finally {
    interrupts.release();
    await engine.close();
  }
}

async function print(context: Context, pieces: TextGeneration, begin: { prompt: string; seed: number }): Promise<void> {
  const { prompt, seed } = begin;
  const startedAt = performance.now();
  context.write(shown(context, prompt));
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    context.emit({ kind: "text", text: piece });
    context.write(shown(context, piece));
  }
  const ending: TextEnding = await pieces.ending;
  const seconds = (performance.now() - startedAt) / 1000;
  context.write("\n");
  context.emit({ kind: "summary", ok: true, prompt, text, seed, ...ending, seconds });
}

/** On a terminal nothing that the model wrote may move the cursor; a pipe gets it as it is. */
const shown = (context: Context, text: string): string => (context.live ? harmless(text, { lines: true }) : text);
