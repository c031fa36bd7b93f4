// For tests and galleries: runs in which something is no number, and a side that writes that as its processor does.
import { scopeOf, typedGraph } from "@weft/tensor/commit/OperatorsCommitment";
import { leafOf } from "@weft/tensor/commit/TensorLayout";
import { tensorFrom } from "@weft/tensor/graph/TensorValue";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { hexToNumber } from "viem";
import { plant } from "./plantFixture.ts";
import { type Stage, stageOf } from "./playFixture.ts";
import { oracleOf, type TraceOracle } from "./TraceOracle.ts";

/** An order whose start holds entries without measure: inf - inf and inf / inf are no numbers. */
export const infiniteStage = (names: readonly string[], steps?: number): Promise<Stage> =>
  stageOf(tinyTrainProgram({ model: tinyMlpModel }), steps, (state) => {
    const infinite = names.map((name) => {
      const { shape, data } = state[name]!;
      return [name, tensorFrom("f32", shape, new Float32Array(data.length).fill(Number.POSITIVE_INFINITY))] as const;
    });
    return { ...state, ...Object.fromEntries(infinite) };
  });

/** The canonical NaN as a leaf's first word. */
const nanWord = 0x0000c07f;

/** The history in which the first word that is no number has a sign, as x86 gives it one. */
export async function signedNan({ open, side }: Stage): Promise<TraceOracle> {
  const source = side();
  const honest = oracleOf(source);
  const typed = typedGraph(open.step.graph);
  for (let value = 0; value < typed.types.length; value++) {
    if (scopeOf(typed, value) === undefined) continue;
    const [leaf] = await honest.leaves({ of: "leaves", step: 0, value }, 0, 1);
    if (hexToNumber(`0x${leaf!.slice(2, 10)}`) !== nanWord) continue;
    const type = typed.types[value]!;
    const fault = { step: 0, value, type, ...leafOf(type, 0), flip: 0x80000000 };
    return oracleOf(await plant(source, { programHash: open.hash, firstStep: 0 }, fault));
  }
  throw new Error("every word is a number");
}
