// `weft eval MODEL --text FILE`: bits per character on a text. On the text that a checkpoint was trained on, only its
// held-out part counts, beside the n-grams that saw the same.
import { resolve } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import { dataRoot } from "@weft/tensor/HashLayout";
import { evaluateText } from "@weft/tensor/saved/evaluateText";
import { toHex } from "@weft/tensor/sha256";
import { DEFAULT_POSITIONS, heldOut } from "@weft/tensor/train/heldOut";
import { openProgram } from "@weft/tensor/train/Program";
import type { Context } from "../Context.ts";
import { type ModelFile, openModelFile, readBounded } from "../model/openModelFile.ts";
import { grouped } from "../render/figures.ts";
import { evaluationLines } from "../render/learntLines.ts";
import { judgeHeldOut } from "../train/judgeTrained.ts";

export interface EvalFlags {
  text: string;
  positions?: number;
  tokenizer?: string;
}

export async function evalModel(context: Context, name: string, flags: EvalFlags): Promise<number> {
  const file = openModelFile(context, name, flags.tokenizer);
  const path = resolve(context.cwd, flags.text);
  const text = readBounded(path);
  if (text.length === 0) throw new WeftError(`${path} is empty`, { code: "eval.empty", remedy: "name a text" });
  const positions = flags.positions ?? DEFAULT_POSITIONS;
  const { training } = file.model;
  if (training !== undefined && toHex(dataRoot(text)) === training.program.dataRoot)
    return onOwnText(context, file, { text, positions });
  const { bitsPerChar, characters, tokens } = await evaluateText(file.model, { text, positions });
  context.say(`${bitsPerChar.toFixed(3)} bits per character on ${grouped(characters)} bytes of ${path}`);
  context.say("  counted over all of it: if the model was trained on this text, it knew what it was asked");
  context.emit({ kind: "summary", ok: true, heldOut: false, bitsPerByte: bitsPerChar, bytes: characters, tokens });
  return 0;
}

async function onOwnText(
  context: Context,
  { bytes, model }: ModelFile,
  { text: corpus, positions }: { text: Uint8Array; positions: number },
): Promise<number> {
  const { program, nextStep } = model.training!;
  const { evaluated, tokens } = await judgeHeldOut(heldOut(openProgram(program), corpus, positions), bytes);
  context.say(
    `after step ${grouped(nextStep)} of ${grouped(program.totalSteps)}, on the part that training never reads`,
  );
  for (const line of evaluationLines(evaluated, context.look)) context.say(line);
  context.emit({ kind: "summary", ok: true, heldOut: true, nextStep, ...evaluated, tokens });
  return 0;
}
