// spec/vectors/tensor/rope.json: binary64 constants and functions, rotary tables with their roots, learning rates.
import { constantValue } from "../graph/constants.ts";
import type { TensorOf } from "../graph/TensorValue.ts";
import { tensorRoot } from "../commit/TensorLayout.ts";
import { BINARY64_CONSTANTS, cosSin64, exp64, log64 } from "../numerics/binary64.ts";
import { toHex } from "../sha256.ts";
import { rateNano } from "../train/schedule.ts";
import { tensorText } from "./vectorText.ts";

/** 16 hex digits of a binary64. */
function hexDouble(x: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

const TABLES = [
  { positions: 5, dim: 8, theta: 10_000, whole: true },
  { positions: 3, dim: 6, theta: 2, whole: true },
  { positions: 512, dim: 64, theta: 10_000, whole: false },
  { positions: 2048, dim: 128, theta: 500_000, whole: false },
] as const;

function table({ whole, ...shape }: (typeof TABLES)[number]) {
  const parts = (["cos", "sin"] as const).map((part) => {
    const value = constantValue({ kind: "rope", ...shape, part }) as TensorOf<"f32">;
    const root = toHex(tensorRoot(value));
    return [part, whole ? { root, elements: tensorText(value).elements } : { root }] as const;
  });
  return { ...shape, ...Object.fromEntries(parts) };
}

const ANGLES = [0, 1, 0.5, 0.7853981633974483, 0.7853981633974484, 3, 100.25, 12_345.678, 2 ** 20];
const SCHEDULES = [
  { kind: "linear", rateNano: 1_000_000, finalRateNano: 50_000, warmupSteps: 7 },
  { kind: "cosine", rateNano: 1_000_000, finalRateNano: 50_000, warmupSteps: 7 },
  { kind: "cosine", rateNano: 16_777_215, finalRateNano: 0, warmupSteps: 0 },
] as const;

export function ropeVectors() {
  return {
    constants: Object.fromEntries(Object.entries(BINARY64_CONSTANTS).map(([name, x]) => [name, hexDouble(x)])),
    log64: [2, 3, 10_000, 500_000, 1_000_000, 2 ** 31 - 1].map((x) => ({ x, result: hexDouble(log64(x)) })),
    exp64: [-0, -0.25, -1, -7.125, -21.5].map((x) => ({ x: hexDouble(x), result: hexDouble(exp64(x)) })),
    cosSin64: ANGLES.map((x) => ({ x: hexDouble(x), cos: hexDouble(cosSin64(x)[0]), sin: hexDouble(cosSin64(x)[1]) })),
    tables: TABLES.map(table),
    schedules: SCHEDULES.map((schedule) => ({
      ...schedule,
      totalSteps: 40,
      rates: Array.from({ length: 40 }, (_, step) => rateNano(schedule, 40, step)),
    })),
  };
}
