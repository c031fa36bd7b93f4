// `weft export MODEL --format …` and `weft import FILE`: a model in the form that another program reads, and theirs as ours.
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { writeDurably } from "@weft/host/writeDurably";
import { WeftError } from "@weft/protocol/Errors";
import type { GgufWeightType } from "@weft/tensor/formats/gguf/blocks";
import { writeGptGguf } from "@weft/tensor/formats/gguf/gptGguf";
import { exportOnnx } from "@weft/tensor/formats/onnx/exportOnnx";
import { llamaConfig } from "@weft/tensor/saved/llamaConfig";
import type { SavedModel } from "@weft/tensor/saved/SavedModel";
import { transformersTokenizer } from "@weft/tensor/saved/transformersTokenizer";
import { writeModel } from "@weft/tensor/saved/writeModel";
import { buildForwardGraph } from "@weft/tensor/train/stepGraph";
import type { Context } from "../Context.ts";
import { makeFolder } from "../Home.ts";
import { openModelFile, weightsName } from "../model/openModelFile.ts";
import { bytesOf } from "../render/figures.ts";
import { fileError } from "../systemErrors.ts";

export type ExportFormat = "gguf" | "onnx" | "safetensors";

export interface ExportFlags {
  format: ExportFormat;
  out: string;
  type?: GgufWeightType;
  tokenizer?: string;
}

interface Written {
  path: string;
  bytes: Uint8Array;
}

interface Target {
  path: string;
  type: GgufWeightType | undefined;
}

/** Forms that keep weights in fp32 alone take no type. */
function fp32Only(format: ExportFormat, { type }: Target): void {
  if (type === undefined || type === "f32") return;
  throw new WeftError(`${format} is written in f32 only`, {
    code: "cli.usage",
    remedy: `leave --type out, or use --format gguf, which holds ${type}`,
  });
}

const forms: Record<ExportFormat, (model: SavedModel, target: Target) => Written[]> = {
  gguf: (model, { path, type = "f32" }) => [
    { path, bytes: writeGptGguf(model, { tokenizer: model.tokenizer, type, name: nameOf(path) }) },
  ],
  onnx(model, target) {
    fp32Only("onnx", target);
    const state = Object.fromEntries(model.tensors.map((tensor) => [tensor.name, tensor]));
    const bytes = exportOnnx(buildForwardGraph(model.config, 1, "logits"), { state, name: nameOf(target.path) });
    return [{ path: target.path, bytes }];
  },
  safetensors(model, target) {
    fp32Only("safetensors", target);
    const bytes = writeModel(model);
    if (target.path.endsWith(".safetensors")) return [{ path: target.path, bytes }];
    const { tokenizer, config } = transformersTokenizer(model.tokenizer, model.config.context);
    return [
      { path: join(target.path, "config.json"), bytes: jsonBytes(llamaConfig(model.config, model.tokenizer)) },
      { path: join(target.path, "tokenizer.json"), bytes: jsonBytes(tokenizer) },
      { path: join(target.path, "tokenizer_config.json"), bytes: jsonBytes(config) },
      { path: join(target.path, weightsName), bytes },
    ];
  },
};

const jsonBytes = (value: object): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
const nameOf = (path: string): string => basename(path).replace(/\.[a-z]+$/i, "");

export async function exportModel(context: Context, name: string, flags: ExportFlags): Promise<number> {
  const { model, path: source } = openModelFile(context, name, flags.tokenizer);
  const written = forms[flags.format](model, { path: resolve(context.cwd, flags.out), type: flags.type });
  for (const { path } of written) needAnother(path, source);
  for (const { path, bytes } of written) {
    writeWhole(path, bytes);
    context.say(`wrote ${path} (${bytesOf(bytes.length)})`);
  }
  const { path } = written.at(-1)!;
  context.emit({ kind: "summary", ok: true, format: flags.format, path, files: written.map((file) => file.path) });
  return 0;
}

/** Our own model file of what others wrote. */
export const importModel = (context: Context, name: string, flags: Omit<ExportFlags, "format" | "type">) =>
  exportModel(context, name, { ...flags, format: "safetensors" });

/** Over a checkpoint an export would take the optimiser's state away, and with it the way on. @throws WeftError `model.itself` */
function needAnother(path: string, source: string): void {
  if (!existsSync(path) || realpathSync(path) !== realpathSync(source)) return;
  throw new WeftError(`${path} is the model itself`, {
    code: "model.itself",
    remedy: "write elsewhere with --out",
  });
}

function writeWhole(path: string, bytes: Uint8Array): void {
  makeFolder(dirname(path));
  try {
    writeDurably(path, bytes);
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
}
