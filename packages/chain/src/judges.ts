// The judges and what each of them answers for (spec/court-operators.md §3): what is deployed for a court, and the entries
// of its book.

import { OPERATOR_RECORDS } from "@weft/tensor/commit/operatorRecords";
import type { NumericsId, Op } from "@weft/tensor/graph/Graph";
import { type Address, type Hex, stringToHex } from "viem";
import * as ArithmeticJudge from "./generated/ArithmeticJudge.ts";
import * as IndexJudge from "./generated/IndexJudge.ts";
import * as IntegerJudge from "./generated/IntegerJudge.ts";
import * as MatmulJudge from "./generated/MatmulJudge.ts";
import * as MoveJudge from "./generated/MoveJudge.ts";
import * as RecipeJudge from "./generated/RecipeJudge.ts";
import * as ReductionJudge from "./generated/ReductionJudge.ts";

type Judge = {
  /** Creation code; a judge's constructor takes nothing. */
  readonly bytecode: Hex;
  readonly ops: readonly Op[];
  /** Those of `ops` that a graph of `int8-int32` may have. */
  readonly int8: readonly Op[];
};

const moves = ["reshape", "expand", "transpose", "slice", "concat", "swapPairs"] as const;

export const JUDGES = {
  matmul: { bytecode: MatmulJudge.bytecode, ops: ["matmul"], int8: [] },
  integer: { bytecode: IntegerJudge.bytecode, ops: ["matmulInt8", "toFloat", "toInt8"], int8: ["matmulInt8"] },
  arithmetic: {
    bytecode: ArithmeticJudge.bytecode,
    ops: ["add", "sub", "mul", "div", "max", "min", "gt", "select", "neg", "abs", "sqrt"],
    int8: [],
  },
  recipe: { bytecode: RecipeJudge.bytecode, ops: ["exp", "log", "tanh"], int8: [] },
  reduction: { bytecode: ReductionJudge.bytecode, ops: ["reduceSum", "reduceMax"], int8: [] },
  move: { bytecode: MoveJudge.bytecode, ops: moves, int8: moves },
  index: { bytecode: IndexJudge.bytecode, ops: ["gather", "oneHot", "scatterAdd"], int8: ["gather"] },
} as const satisfies Readonly<Record<string, Judge>>;
export type JudgeName = keyof typeof JUDGES;

export type JudgeBookEntry = { readonly op: number; readonly numericsId: Hex; readonly judge: Address };

/** As contracts write it: ASCII, zeros after it. */
export const numericsIdWord = (id: NumericsId): Hex => stringToHex(id, { size: 32 });

/** The constructor argument of JudgeBook. */
export function judgeBookEntries(judges: Readonly<Record<JudgeName, Address>>): JudgeBookEntry[] {
  const names = Object.keys(JUDGES) as JudgeName[];
  const entries = (id: NumericsId, of: (judge: Judge) => readonly Op[]) =>
    names.flatMap((name) =>
      of(JUDGES[name]).map((op) => ({
        ...{ op: OPERATOR_RECORDS[op].code, numericsId: numericsIdWord(id), judge: judges[name] },
      })),
    );
  return [...entries("fp32-seq-unfused", ({ ops }) => ops), ...entries("int8-int32", ({ int8 }) => int8)];
}
