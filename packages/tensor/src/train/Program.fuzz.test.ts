// Programs bent at random: what is accepted expands to a valid graph whose plan has a size; everything else is a coded
// refusal, whatever stands where.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { estimateBytes } from "../execute/openGraph.ts";
import { graphHash } from "../graph/encodeGraph.ts";
import { planGraph } from "../plan/planGraph.ts";
import { toHex } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import { decodeTrainProgram, encodeTrainProgram, openProgram, type TrainProgram, trainingOf } from "./Program.ts";
import { buildStepGraph } from "./stepGraph.ts";
import { tinyMlpModel, tinyTrainProgram } from "./tinyTrainProgram.ts";

const BASES: readonly TrainProgram[] = [
  tinyTrainProgram(),
  tinyTrainProgram({ model: tinyMlpModel, accumulate: 2, optimiser: { kind: "sgd", momentumPpm: 0 } }),
];

/** Every place of a value in plain data. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

/** A copy with the value at a place replaced, or left out when `value` is undefined. */
function replaced(data: unknown, [head, ...tail]: readonly string[], value: unknown): unknown {
  if (head === undefined) return value;
  const record = data as Record<string, unknown>;
  const inner = replaced(record[head], tail, value);
  if (Array.isArray(data)) return data.map((item, i) => (String(i) === head ? inner : item));
  const { [head]: _, ...rest } = record;
  return inner === undefined ? rest : { ...rest, [head]: inner };
}

const integers = [-1, 0, 1, 2, 3, 5, 8, 31, 64, 128, 255, 1024, 65_536, 999_999, 2 ** 20, 2 ** 24, 2 ** 31, 2 ** 53];
const strange = [
  -0,
  0.5,
  null,
  true,
  "",
  "gpt",
  "mlp",
  "cnn",
  "adamw",
  "__proto__",
  `0x${"00".repeat(32)}`,
  [],
  {},
  [[]],
];
const anything = fc.oneof(
  fc.constantFrom(...integers),
  fc.constantFrom<unknown>(...strange, undefined),
  fc.jsonValue(),
);
const paths = (base: TrainProgram) => pathsOf(base).filter((path) => path.length > 0);
/** Where a program may be another program. */
const sizes = (base: TrainProgram) => {
  const own = ["batch", "accumulate", "clipMilli", "totalSteps", "stepsPerSegment"].map((field) => [field]);
  const inner = (["model", "optimiser", "schedule"] as const).flatMap((field) => pathsOf(base[field], [field]));
  return [...own, ...inner.filter((path) => path.length === 2 && path[1] !== "kind")];
};
const bendOf = (base: TrainProgram) =>
  fc.oneof(
    fc.tuple(fc.constantFrom(...sizes(base)), fc.constantFrom<unknown>(1, 2, 3, 4, 6, 24, 900, 30_000)),
    fc.tuple(fc.constantFrom(...paths(base)), anything),
  );

const bent = fc
  .constantFrom(...BASES)
  .chain((base) =>
    fc
      .array(bendOf(base), { minLength: 1, maxLength: 2 })
      .map((changes) => changes.reduce<unknown>((data, [path, value]) => replacedIfThere(data, path, value), base)),
  );

/** A place that an earlier change took away is left alone. */
function replacedIfThere(data: unknown, path: readonly string[], value: unknown): unknown {
  let at = data;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return data;
    at = (at as Record<string, unknown>)[key];
  }
  return replaced(data, path, value);
}

test("a program bent anywhere is opened or refused with a code", () => {
  const seen = { opened: 0, refused: 0 };
  fc.assert(
    fc.property(bent, (value) => {
      try {
        const program = decodeTrainProgram(JSON.stringify(value) ?? "");
        const stepGraph = toHex(graphHash(buildStepGraph(program.model, trainingOf(program)).graph));
        const { step } = openProgram({ ...program, stepGraph });
        assert.ok(estimateBytes(planGraph(step.graph), 1) > 0);
        assert.deepEqual(decodeTrainProgram(encodeTrainProgram(program)), program);
        seen.opened++;
      } catch (error) {
        assert.ok(error instanceof TensorError, String((error as Error).stack));
        assert.match(error.code, /^tensor\.bad-(program|graph)$/);
        assert.ok((error.remedy ?? "").length > 3);
        seen.refused++;
      }
    }),
    { numRuns: 120, seed: 7 },
  );
  assert.ok(seen.opened > 20 && seen.refused > 40, JSON.stringify(seen));
});
