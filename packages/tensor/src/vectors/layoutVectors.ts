// spec/vectors/tensor/layout.json: leaves and roots of tensors, a state, a step, histories with their paths, corpora.
import { leafHashes, tensorRoot } from "../commit/TensorLayout.ts";
import { type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { dataRoot, historyRoot, proveStep, stateRootFrom, stepRoot } from "../HashLayout.ts";
import { hashLeaf } from "../Merkle.ts";
import { fromBits } from "../recipes.ts";
import { seedWords } from "../seedStream.ts";
import { sha256, toHex } from "../sha256.ts";
import { tensorText } from "./vectorText.ts";

const words = (label: string, count: number) =>
  Array.from(seedWords(new Uint8Array(32).fill(42), `vectors/${label}`, 0, count));

const TENSORS: readonly { readonly name: string; readonly value: TensorValue }[] = [
  { name: "w", value: tensorFrom("f32", [3, 65], words("w", 195).map((word) => ((word >>> 8) * 2 ** -23 - 1) * 2)) },
  { name: "bias", value: tensorFrom("f32", [7], words("bias", 7).map((word) => fromBits((word & 0x83ffffff) >>> 0))) },
  { name: "deep", value: tensorFrom("i32", [2, 3, 33], words("deep", 198).map((word) => word | 0)) },
];

export function layoutVectors() {
  const names = TENSORS.map(({ name }) => name);
  const state = stateRootFrom(5, names, TENSORS.map(({ value }) => tensorRoot(value)));
  const history = Array.from({ length: 11 }, (_, i) => hashLeaf(Uint8Array.of(i)));
  return {
    tensors: TENSORS.map(({ name, value }) => ({
      name,
      ...tensorText(value),
      leafHashes: leafHashes(value).map(toHex),
      tensorRoot: toHex(tensorRoot(value)),
    })),
    nextStep: 5,
    stateRoot: toHex(state),
    stepRoot: { program: toHex(sha256()), step: 4, loss: "3fc00000", root: toHex(stepRoot(sha256(), 4, 1.5, state)) },
    history: {
      stepRoots: history.map(toHex),
      roots: history.map((_, i) => toHex(historyRoot(history.slice(0, i + 1)))),
      paths: history.map((_, i) => proveStep(history, i).map(toHex)),
    },
    data: [1, 128, 129, 1000].map((length) => ({
      length,
      byte: 97,
      dataRoot: toHex(dataRoot(new Uint8Array(length).fill(97))),
    })),
  };
}
