// `weft generate MODEL --prompt …`: text from a model, as it is drawn. The same seed gives the same text.
import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import type { Threads } from "@weft/tensor/execute/openGraph";
import { generateText, type TextEnding, type TextGeneration } from "@weft/tensor/infer/generateText";
import { seedFromNumber } from "@weft/tensor/seedFromNumber";
import type { Context } from "../Context.ts";
import { openModelFile, readBounded } from "../model/openModelFile.ts";
import { openText } from "../model/openText.ts";
import { harmless } from "../render/terminalText.ts";
import { onInterrupt } from "../start/interrupts.ts";

export interface GenerateFlags {
  prompt?: string;
  /** A path, or "-": standard input. */
  promptFile?: string;
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
  const prompt = await promptOf(context, flags);
  const { model } = openModelFile(context, name, flags.tokenizer);
  const seed = flags.seed ?? randomInt(2 ** 32);
  const interrupts = onInterrupt(() => process.exit(130));
  const { engine, tokenizer } = await openText(model, { ...flags, slots: 1 });
  try {
    const text = generateText(engine, tokenizer, {
      ...{ prompt, maxTokens: flags.maxTokens, temperatureMilli: flags.temperature },
      ...{ whenFull: "slide", stop: flags.stop ?? [], seed: seedFromNumber(seed), signal: interrupts.signal },
      ...(flags.topK === undefined ? {} : { topK: flags.topK }),
      ...(flags.topP === undefined ? {} : { topPMilli: flags.topP }),
      ...(flags.repetition === undefined ? {} : { repetitionMilli: flags.repetition }),
    });
    await print(context, text, {
      prompt: typeof prompt === "string" ? prompt : new TextDecoder().decode(prompt),
      seed,
    });
    return 0;
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    throw new WeftError("the text ends here: interrupted", { code: "cli.interrupted" });
  } finally {
    interrupts.release();
    await engine.close();
  }
}

const mostPromptBytes = 2 ** 20;

/** @throws WeftError `cli.usage` for two prompts, `generate.prompt` for a long one, `file.*` */
async function promptOf(context: Context, { prompt, promptFile }: GenerateFlags): Promise<string | Uint8Array> {
  if (promptFile === undefined) return prompt ?? "";
  if (prompt !== undefined)
    throw new WeftError("there are two prompts, one in words and one in a file", {
      code: "cli.usage",
      remedy: "leave --prompt or --prompt-file out",
    });
  const bytes = promptFile === "-" ? await readInput() : readBounded(resolve(context.cwd, promptFile));
  if (bytes.length <= mostPromptBytes) return bytes;
  throw new WeftError(`the prompt has more than ${mostPromptBytes} bytes`, {
    code: "generate.prompt",
    remedy: "shorten it: what doesn't fit the model's context is refused anyway",
  });
}

/** Standard input, up to a little more than is taken. */
async function readInput(): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of process.stdin) {
    pieces.push(piece as Uint8Array);
    bytes += (piece as Uint8Array).length;
    if (bytes > mostPromptBytes) break;
  }
  return Buffer.concat(pieces);
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
