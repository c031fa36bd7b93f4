// Cheats as somebody would try them, for attack galleries: what each makes of the steps it is told. Fault injection; nothing in
// production makes one.
import { broadcastSource } from "../graph/broadcast.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { bitsView, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { fromHex32 } from "../sha256.ts";
import type { OpenProgram } from "../train/Program.ts";
import type { Cheat, Meddling } from "./Cheat.ts";
import { productRows } from "./folds.ts";
import { scopeOf, type TypedGraph, typedGraph } from "./OperatorsCommitment.ts";
import type { NodeScope } from "./recomputeWord.ts";
import { inputsFrom } from "./SegmentRun.ts";
import type { Change } from "./Trace.ts";

const f = Math.fround;

/** Which steps are meddled with. */
export type When = (step: number) => boolean;

const during =
  (when: When, meddling: Meddling): Cheat =>
  (step) =>
    when(step) ? meddling : undefined;

function flipped(value: TensorValue, element: number, bit: number): TensorValue {
  const copy = { ...value, data: value.data.slice() } as TensorValue;
  bitsView(copy)[element]! ^= 1 << bit;
  return copy;
}

/** One bit of one weight, after a step. */
export const flipWeight = (when: When, { name, element, bit }: { name: string; element: number; bit: number }): Cheat =>
  during(when, { state: (_, after) => ({ ...after, [name]: flipped(after[name]!, element, bit) }) });

/** The same history, opened otherwise: the operator that makes the new weight is said to give that. undefined: none makes it. */
export function miscomputeWeight(
  when: When,
  { step }: OpenProgram,
  { name, element, bit }: { name: string; element: number; bit: number },
): Cheat | undefined {
  const holder = step.graph.outputs.find((output) => output.name === name)?.value;
  if (holder === undefined || holder < firstNodeValue(step.graph)) return undefined;
  const change: Change = (own) => {
    bitsView(own)[element]! ^= 1 << bit;
  };
  return during(when, { changeOf: (value) => (value === holder ? change : undefined) });
}

/** Steps that are not taken: the state stays, the loss is made up. */
export const skipSteps = (when: When): Cheat =>
  during(when, { state: (before) => before, lossWord: (word) => word ^ 1 });

/** Another learning rate. */
export const changeRate = (when: When, factor: number): Cheat =>
  during(when, {
    inputs: (inputs) => ({ ...inputs, rate: tensorFrom("f32", [1], [inputs["rate"]!.data[0]! * factor]) }),
  });

/** Examples drawn with another seed, or out of other tokens. */
export function changeBatch(
  when: When,
  open: OpenProgram,
  { tokens, seed = open.program.seed }: { readonly tokens: Int32Array; readonly seed?: `0x${string}` },
): Cheat {
  fromHex32(seed, "seed");
  const other = { ...open, program: { ...open.program, seed } };
  const names = [open.step.batch.data.name, open.step.batch.targets.name];
  return (step) =>
    when(step)
      ? {
          inputs(inputs) {
            const drawn = inputsFrom(other, { tokens, state: {}, step });
            return { ...inputs, ...Object.fromEntries(names.map((name) => [name, drawn[name]!])) };
          },
        }
      : undefined;
}

type Which = (value: number) => boolean;
const every: Which = () => true;

/** Another way to compute an operator. */
function instead(
  when: When,
  open: OpenProgram,
  { change, which = every }: { change: (scope: NodeScope) => Change | undefined; which?: Which },
): Cheat {
  const typed: TypedGraph = typedGraph(open.step.graph);
  return during(when, {
    changeOf: (value) => {
      const scope = which(value) ? scopeOf(typed, value) : undefined;
      return scope && change(scope);
    },
  });
}

/** exp of a machine's library instead of the recipe. */
export const libraryExp = (when: When, open: OpenProgram): Cheat =>
  instead(when, open, { change: ({ node }) => (node.op === "exp" ? mapped((x) => f(Math.exp(x))) : undefined) });

/** Division by multiplying with a reciprocal. */
export const reciprocalDivision = (when: When, open: OpenProgram): Cheat =>
  instead(when, open, {
    change: ({ node, type, operands }) => {
      if (node.op !== "div") return undefined;
      return (own, [a, b]) => {
        for (let i = 0; i < own.data.length; i++) {
          const [x, y] = [a!, b!].map((one, k) => one.data[broadcastSource(type.shape, operands[k]!.shape, i)]!);
          own.data[i] = f(x! * f(1 / y!));
        }
      };
    },
  });

const mapped =
  (compute: (x: number) => number): Change =>
  (own, [x]) => {
    for (let i = 0; i < own.data.length; i++) own.data[i] = compute(x!.data[i]!);
  };

type Fold = (terms: Iterable<readonly [a: number, b: number]>) => number;

/** Products with a fused multiply-add: no rounding between product and sum. Of all values, or of some. */
export const fusedProducts = (when: When, open: OpenProgram, which?: Which): Cheat =>
  instead(when, open, {
    ...(which && { which }),
    change: (scope) =>
      products(scope, (terms) => {
        let acc = 0;
        // The product of two fp32 is exact in binary64.
        for (const [a, b] of terms) acc = f(acc + a * b);
        return acc;
      }),
  });

/** Products summed from the last term to the first. */
export const reversedProducts = (when: When, open: OpenProgram): Cheat =>
  instead(when, open, {
    change: (scope) =>
      products(scope, (terms) => {
        let acc = 0;
        for (const [a, b] of [...terms].reverse()) acc = f(acc + f(a * b));
        return acc;
      }),
  });

function products(scope: NodeScope, fold: Fold): Change | undefined {
  if (scope.node.op !== "matmul") return undefined;
  const terms = scope.operands[0]!.shape.at(-1)!;
  return (own, [a, b]) => {
    for (let i = 0; i < own.data.length; i++) {
      const [x, y] = productRows(scope, i);
      own.data[i] = fold(Array.from({ length: terms }, (_, k) => [a!.data[x + k]!, b!.data[y + k]!] as const));
    }
  };
}
