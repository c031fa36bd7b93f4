// The choices of a request: each is a generation of its own with a seed of its own, all are computed together. They are
// admitted together or not at all.
import { randomInt } from "node:crypto";
import { generateText, type TextEnding, type TextGeneration } from "@weft/tensor/infer/generateText";
import { seedFromNumber } from "@weft/tensor/seedFromNumber";
import { sha256 } from "@weft/tensor/sha256";
import type { TextModel } from "../model/openText.ts";
import { ApiError } from "./ApiError.ts";
import type { CompletionRequest } from "./completionRequest.ts";

export interface Choice {
  index: number;
  prompt: string;
  text: TextGeneration;
}

/** Seed of a choice: the request's own for the first, so that n doesn't change it. */
function seedOf(seed: Uint8Array, index: number): Uint8Array {
  return index === 0 ? seed : sha256(Uint8Array.of(...seed, ...new Uint8Array(Uint32Array.of(index).buffer)));
}

/** @throws ApiError 429 when not all of them find room; what generateText throws */
export function startChoices(
  { engine, tokenizer }: TextModel,
  request: CompletionRequest,
  signal: AbortSignal,
): Choice[] {
  const wanted = request.prompts.flatMap((prompt) => Array.from({ length: request.n }, () => prompt));
  const { slots, queue } = engine.limits;
  const { running, waiting } = engine.load;
  if (running + waiting + wanted.length > slots + queue)
    throw new ApiError({
      status: 429,
      message: `${running + waiting} generations run or wait, the limit is ${slots + queue}; try again when some have ended`,
      type: "rate_limit_error",
      code: "busy",
    });
  const seed = seedFromNumber(request.seed ?? randomInt(2 ** 47));
  const { maxTokens, temperatureMilli, topPMilli, topK, stop } = request;
  const choices: Choice[] = [];
  try {
    for (const [index, prompt] of wanted.entries()) {
      const text = generateText(engine, tokenizer, {
        ...{ prompt, maxTokens, temperatureMilli, topPMilli, stop, signal },
        ...{ seed: seedOf(seed, index), whenFull: "slide" },
        ...(topK === undefined ? {} : { topK }),
      });
      choices.push({ index, prompt, text });
    }
    return choices;
  } catch (error) {
    for (const { text } of choices) void text.return?.();
    throw error;
  }
}

/** OpenAI's word for an ending. */
export const finishReason = ({ reason }: TextEnding): "stop" | "length" =>
  reason === "end" || reason === "stop" ? "stop" : "length";

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

/** Each prompt counts once, whatever n. */
export function usageOf(endings: readonly TextEnding[], n: number): Usage {
  const prompt = endings.filter((_, i) => i % n === 0).reduce((sum, { promptTokens }) => sum + promptTokens, 0);
  const completion = endings.reduce((sum, { tokens }) => sum + tokens, 0);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}
