// Asks the judges on a chain about elements of an operator's result, and says where they, the judgement in TypeScript and
// the reference differ.
import { wordOf } from "@weft/tensor/commit/TensorLayout";
import type { TensorValue } from "@weft/tensor/graph/TensorValue";
import { evaluateNode } from "@weft/tensor/reference/evaluateNode";
import { type Judgement, judgedOperator, judgementsOf, type OperatorOn } from "@weft/tensor/vectors/judgements";
import type { JudgeChain } from "./judgeChain.ts";

const MOST_CHUNKS = 6;

/** First, last, and some between. */
function elementsOf({ data }: TensorValue, count: number): number[] {
  const last = data.length - 1;
  return [...new Set(Array.from({ length: count }, (_, i) => Math.floor((i * last) / Math.max(1, count - 1))))];
}

function ask(chain: JudgeChain, record: Uint8Array, judgement: Judgement): Promise<number | undefined> {
  const { element, opened, fold } = judgement;
  return fold === undefined
    ? chain.word({ record, element, opened })
    : chain.fold({ record, element, opened, ...fold });
}

export type Asked = { readonly questions: number; readonly complaints: readonly string[] };

/** Asks about up to `count` elements; of a long fold about its first and last chunks. */
export async function askAbout(chain: JudgeChain, operator: OperatorOn, count: number): Promise<Asked> {
  const judged = judgedOperator(operator);
  const { record, scope } = judged;
  const result = evaluateNode({ place: "judged", node: scope.node, operands: operator.operands, type: scope.type });
  let questions = 0;
  const complaints: string[] = [];
  const say = (what: string) =>
    complaints.push(`${scope.node.op} [${operator.operands.map(({ shape }) => shape)}] ${what}`);
  const chunks = await chain.chunks(record);
  if (chunks !== judged.chunks) say(`has ${chunks} chunks, expected ${judged.chunks}`);
  for (const element of elementsOf(result, count)) {
    const all = judgementsOf(operator, judged, element);
    const committed = wordOf(result, element);
    if (all.at(-1)!.word !== committed)
      say(`element ${element} is ${all.at(-1)!.word}, the reference has ${committed}`);
    const asked = all.length <= MOST_CHUNKS ? all : [...all.slice(0, MOST_CHUNKS - 2), ...all.slice(-2)];
    questions += asked.length;
    const words = await Promise.all(asked.map((judgement) => ask(chain, record, judgement)));
    for (const [i, { word, fold }] of asked.entries())
      if (words[i] !== word) say(`element ${element} ${fold?.chunk ?? ""} is ${words[i]} on chain, expected ${word}`);
  }
  return { questions, complaints };
}

/** Asks about many operators at once: the number of questions. Throws Error with the complaints, if any. */
export async function askAll(chain: JudgeChain, operators: readonly OperatorOn[], count: number): Promise<number> {
  const asked = await Promise.all(operators.map((operator) => askAbout(chain, operator, count)));
  const complaints = asked.flatMap((one) => one.complaints);
  if (complaints.length > 0) throw new Error(complaints.slice(0, 20).join("\n"));
  return asked.reduce((sum, { questions }) => sum + questions, 0);
}
