// The hash of an order's court program, from program and corpus. Runs inside the worker only (tensorWorker.ts).
import { maxCorpusBytes } from "@weft/protocol/generated/params";
import { openCourtProgram, ownStart } from "@weft/tensor/commit/courtProgram";
import { tensorBytes } from "@weft/tensor/commit/TensorLayout";
import { checkMemory } from "@weft/tensor/execute/openGraph";
import { constantType } from "@weft/tensor/graph/constants";
import { fromHex32, toHex } from "@weft/tensor/sha256";
import { type OpenProgram, openProgram } from "@weft/tensor/train/Program";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import type { z } from "zod";
import { tensorMemory } from "./memory.ts";
import type { courtShape, Task } from "./messages.ts";
import { readBounded } from "./workerTasks.ts";

/** Bytes of the tokens and of the largest constant: one is held at a time. */
function neededBytes({ program, step }: OpenProgram): number {
  const constants = step.graph.constants.map((constant) => tensorBytes(constantType(constant)));
  return Int32Array.BYTES_PER_ELEMENT * program.corpusBytes + Math.max(0, ...constants);
}

/** Throws TensorError `bad-program`, `bad-corpus`, `over-memory`. */
export async function courtTask(task: Extract<Task, { kind: "court" }>): Promise<z.infer<typeof courtShape>> {
  const corpus = readBounded(task.corpusPath, maxCorpusBytes);
  const open = openProgram(task.program);
  checkMemory(neededBytes(open), tensorMemory(task, corpus.length));
  const { origin } = task;
  const start =
    origin === undefined
      ? await ownStart(open.program)
      : { step: origin.step, stateRoot: fromHex32(origin.stateRoot, "stateRoot") };
  return { hash: toHex(openCourtProgram(open, trainingTokens(open, corpus), start).hash) };
}
