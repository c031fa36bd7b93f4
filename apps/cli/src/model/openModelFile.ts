// A model from a path of the user's: a file of any form that is read, or a folder that holds one.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import { readLlama2cVocabulary } from "@weft/tensor/formats/readLlama2cVocabulary";
import { readModel } from "@weft/tensor/saved/readModel";
import type { SavedModel } from "@weft/tensor/saved/SavedModel";
import { readTokenizer } from "@weft/tensor/tokenizers/TokenizerFile";
import type { TokenizerData } from "@weft/tensor/tokenizers/tokenizers";
import type { Context } from "../Context.ts";
import { fileError, needPlainFile } from "../systemErrors.ts";

export interface ModelFile {
  path: string;
  bytes: Uint8Array;
  model: SavedModel;
}

/** What a folder of a model calls its weights. */
export const weightsName = "model.safetensors";
/** Largest file that one read takes. */
const mostBytes = 2 ** 31 - 1;
const brace = "{".charCodeAt(0);

/**
 * Reads a model; `tokenizer` is the path of a tokenizer file, for a model file without one.
 * @throws TensorError what readModel says, with the path; WeftError `model.size`, `file.*`
 */
export function openModelFile(context: Pick<Context, "cwd">, name: string, tokenizer?: string): ModelFile {
  const path = weightsPath(resolve(context.cwd, name));
  const bytes = readBounded(path);
  const given = tokenizer === undefined ? undefined : readTokenizerFile(resolve(context.cwd, tokenizer));
  const model = named(path, () => readModel(bytes, given === undefined ? {} : { tokenizer: given }));
  return { path, bytes, model };
}

function weightsPath(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return path;
  if (existsSync(join(path, weightsName))) return join(path, weightsName);
  throw new WeftError(`there is no ${weightsName} in ${path}`, {
    code: "model.folder",
    remedy: "name the model's file, such as weft-out/shakespeare.safetensors",
  });
}

export function readBounded(path: string): Uint8Array<ArrayBuffer> {
  try {
    const status = statSync(path);
    needPlainFile(path, status);
    const { size } = status;
    if (size > mostBytes)
      throw new WeftError(`${path} has ${size} bytes; at most ${mostBytes} are read`, {
        code: "model.size",
        remedy: "use a smaller model, or its weights in f16",
      });
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw fileError(cause, { doing: "read", path });
  }
}

/** A tokenizer file of ours is JSON; what is not is taken for one of llama2.c. */
function readTokenizerFile(path: string): TokenizerData {
  const bytes = readBounded(path);
  return named(path, () => (bytes[0] === brace ? readTokenizer(bytes) : readLlama2cVocabulary(bytes)));
}

/** The same refusal with the file's name before it. */
function named<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof WeftError)) throw cause;
    const { code, remedy, details } = cause;
    throw new WeftError(`${path}: ${cause.message}`, {
      code,
      details,
      cause,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
