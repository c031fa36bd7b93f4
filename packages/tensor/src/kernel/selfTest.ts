// What wide code must show before it is used: a few calls of every kind, edges of blocks among them, whose bits are known. The
// digests are those of the plain code, which the compliance suite holds to the reference. Some 5 ms.
import { createHash } from "node:crypto";
import { DTYPE_BYTES, type Dtype, elementCount } from "../graph/Graph.ts";
import { encodePlan } from "./encode/encodePlan.ts";
import { hashRoomBytes } from "./hashRoom.ts";
import type { KernelCall, PackedView } from "./KernelCall.ts";
import { instantiate, type KernelCode, type PlanExports } from "./module.ts";
import { packedBytes } from "./packedBytes.ts";
import type { View } from "./View.ts";

const PAGE_BYTES = 65_536;
const PAGES = 64;
const CONTROL = PAGE_BYTES;
const TABLES = 2 * PAGE_BYTES;
const SCRATCH = 4 * PAGE_BYTES;
const TENSORS = 36 * PAGE_BYTES;

/** First 16 hex digits of the SHA-256 of what a check writes. */
const DIGESTS: Readonly<Record<string, string>> = {
  "one row": "b8c957a19ac80eb7",
  "edges of blocks": "ecf4425af334cc10",
  "more than a block of terms": "905735b127e947a3",
  "special numbers": "ce36eee5581b2d48",
  int8: "0c3123f6438fb883",
  chains: "9848d1759b29d393",
  "chains of special numbers": "afc12605d34a5710",
  reductions: "621ba1211b7a185c",
  moves: "09811e5383ac9141",
  "few rows": "0bd82fcc4801830c",
  cached: "dbce04ab4df5b7ba",
};

/** Memory of a check: views are filled with a fixed sequence, or left at zero for results. */
type Room = {
  readonly view: (dtype: Dtype, ...shape: number[]) => View;
  readonly filled: (dtype: Dtype, ...shape: number[]) => View;
  /** With NaNs, infinities, subnormals and zeros of both signs among the numbers. */
  readonly special: (...shape: number[]) => View;
  readonly indices: (...numbers: number[]) => View;
  readonly packed: (b: View) => PackedView;
  readonly bytes: (count: number) => number;
};

const SPECIALS = [0x7fc00001, 0xff812345, 0x7f800000, 0xff800000, 0x80000000, 1, 0x807fffff, 0x7f7fffff, 0x42b17218];

const turned = (view: View): View => ({
  ...view,
  shape: [view.shape[1]!, view.shape[0]!],
  strides: [1, view.shape[1]!],
});

/** A product in every form of storage: rows, columns, packed. */
function products(room: Room, [M, N, K]: readonly [number, number, number]): readonly KernelCall[] {
  const { view, filled, packed } = room;
  const [a, b] = [filled("f32", M, K), filled("f32", N, K)];
  const whole = packed(b);
  const out = () => view("f32", M, N);
  return [
    { call: "matmul", a, b, out: out() },
    { call: "matmul", a: turned(filled("f32", K, M)), b: turned(filled("f32", K, N)), out: out() },
    { call: "pack", b, out: whole },
    { call: "matmul", a, b: whole, out: out() },
  ];
}

function int8Products({ view, filled, packed }: Room): readonly KernelCall[] {
  const [a, b] = [filled("i8", 5, 1035), filled("i8", 20, 1035)];
  const whole = packed(b);
  return [
    { call: "matmulInt8", a, b, out: view("i32", 5, 20) },
    { call: "pack", b, out: whole },
    { call: "matmulInt8", a, b: whole, out: view("i32", 5, 20) },
  ];
}

/** One chain of every operator, over ordinary and over special numbers. */
function chain({ view }: Room, x: View, y: View): KernelCall {
  const operators = [
    ...(["add", "sub", "mul", "div", "max", "min", "gt"] as const).map((op) => ({ op, in: [0, 1] })),
    ...(["neg", "abs", "sqrt", "exp", "log", "tanh", "swapPairs"] as const).map((op) => ({ op, in: [0] })),
    { op: "select" as const, in: [8, 0, 1] },
    { op: "add" as const, in: [4, 1] },
    { op: "reduceSum" as const, in: [0] },
    { op: "reduceMax" as const, in: [1] },
  ];
  const outputs = operators.map(({ op }, i) => {
    const shape = op === "reduceSum" || op === "reduceMax" ? [...x.shape.slice(0, -1), 1] : x.shape;
    return { value: 2 + i, out: view("f32", ...shape) };
  });
  return { call: "chain", shape: x.shape, sources: [x, y], steps: operators, outputs };
}

function reductions({ view, filled, special }: Room): readonly KernelCall[] {
  return [filled("f32", 21, 83), special(21, 83)].flatMap((x) =>
    (["sum", "max"] as const).flatMap((kind): KernelCall[] => [
      { call: "reduce", kind, x, axis: 0, out: view("f32", 1, 83) },
      { call: "reduce", kind, x, axis: 1, out: view("f32", 21, 1) },
    ]),
  );
}

function moves({ view, filled, special, bytes }: Room): readonly KernelCall[] {
  const x = special(37, 46);
  const hashed = [x, filled("f32", 70, 40), filled("i8", 9, 70)];
  return [
    { call: "copy", x: turned(x), out: view("f32", 46, 37) },
    { call: "swapPairs", x, out: view("f32", 37, 46) },
    { call: "toFloat", x: filled("i32", 5, 19), out: view("f32", 5, 19) },
    { call: "toInt8", x, out: view("i8", 37, 46) },
    { call: "hash", values: hashed, room: bytes(hashRoomBytes(hashed)) },
  ];
}

/** Rows into a cache and attention over it: rows of two slots in turn, with special values too; rows of one, in blocks. */
function cached({ view, filled, special, indices, packed }: Room): readonly KernelCall[] {
  const [rows, heads, kvHeads, depth] = [18, 6, 3, 40];
  const cache = { keys: view("f32", 2, kvHeads, 3, depth, 8), values: view("f32", 2, kvHeads, 24, depth) };
  const own = Array.from({ length: rows }, (_, row) => row);
  const places = { slots: indices(...own.map((row) => row % 2)), positions: indices(...own.map((row) => row >> 1)) };
  const inOne = { slots: indices(...own.map(() => 1)), positions: indices(...own) };
  const [k, v] = [filled("f32", rows, kvHeads, depth), filled("f32", rows, kvHeads, depth)];
  const out = () => view("f32", rows, heads, depth);
  const table = filled("f32", 21, 37);
  const whole = packed(table);
  return [
    { call: "cacheRows", k, v, places, cache },
    { call: "attend", q: filled("f32", rows, heads, depth), places, cache, out: out() },
    { call: "cacheRows", k, v: special(rows, kvHeads, depth), places, cache },
    { call: "attend", q: filled("f32", rows, heads, depth), places, cache, out: out() },
    { call: "cacheRows", k, v, places: inOne, cache },
    { call: "attend", q: filled("f32", rows, heads, depth), places: inOne, cache, out: out() },
    { call: "pack", b: table, out: whole },
    { call: "gatherPacked", table: whole, index: indices(20, -1, 3), out: view("f32", 3, 37) },
  ];
}

const CHECKS: Readonly<Record<string, (room: Room) => readonly KernelCall[]>> = {
  "one row": (room) => products(room, [1, 77, 37]),
  "edges of blocks": (room) => products(room, [71, 45, 37]),
  "more than a block of terms": (room) => products(room, [17, 24, 522]),
  "special numbers": ({ view, special }) => [
    { call: "matmul", a: special(13, 40), b: special(47, 40), out: view("f32", 13, 47) },
    { call: "matmul", a: special(1, 40), b: special(35, 40), out: view("f32", 1, 35) },
  ],
  int8: int8Products,
  chains: (room) => [chain(room, room.filled("f32", 5, 70), room.filled("f32", 5, 70))],
  "chains of special numbers": (room) => [chain(room, room.special(11, 134), room.special(11, 134))],
  reductions,
  moves,
  "few rows": (room) => products(room, [8, 75, 37]),
  cached,
};

/** Numbers that every tensor repeats from somewhere on; drawing each anew would take most of the time. */
const PERIOD = 1021;

/** Bytes of PERIOD elements. */
function drawPatterns(): Readonly<Record<Dtype, Uint8Array>> {
  const words = new Uint32Array(PERIOD);
  for (let i = 0, state = 1; i < PERIOD; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[i] = state >>> 8;
  }
  const f32 = Float32Array.from(words, (word) => word * 2 ** -22 - 2);
  const i32 = Int32Array.from(words, (word) => word - 2 ** 23);
  const bytesOf = ({ buffer }: Float32Array | Int32Array | Int8Array) => new Uint8Array(buffer as ArrayBuffer);
  return { f32: bytesOf(f32), i32: bytesOf(i32), i8: bytesOf(Int8Array.from(words)) };
}

function createRoom(memory: WebAssembly.Memory): Room {
  const patterns = drawPatterns();
  let next = TENSORS;
  let start = 0;
  const bytes = (count: number) => {
    const at = next;
    next += Math.ceil(count / 64) * 64 + 64;
    return at;
  };
  const view = (dtype: Dtype, ...shape: number[]): View => {
    return { at: bytes(elementCount(shape) * DTYPE_BYTES[dtype]), dtype, shape };
  };
  const filled = (dtype: Dtype, ...shape: number[]): View => {
    const own = view(dtype, ...shape);
    const count = elementCount(shape);
    const element = DTYPE_BYTES[dtype];
    const to = new Uint8Array(memory.buffer, own.at, count * element);
    for (let i = 0; i < count; ) {
      const piece = Math.min(PERIOD - start, count - i);
      to.set(patterns[dtype].subarray(start * element, (start + piece) * element), i * element);
      i += piece;
      start = (start + piece) % PERIOD;
    }
    return own;
  };
  const special = (...shape: number[]): View => {
    const own = filled("f32", ...shape);
    const words = new Uint32Array(memory.buffer, own.at, elementCount(shape));
    for (let i = start % 23; i < words.length; i += 1 + (i % 41)) words[i] = SPECIALS[i % SPECIALS.length]!;
    return own;
  };
  const indices = (...numbers: number[]): View => {
    const own = view("i32", numbers.length);
    new Int32Array(memory.buffer, own.at, numbers.length).set(numbers);
    return own;
  };
  const packed = (b: View): PackedView => ({ ...b, at: bytes(packedBytes(b)), packed: true });
  return { view, filled, special, indices, packed, bytes };
}

/** Runs every check; the digest of all that each left in memory. */
export function runChecks({ module, wide }: KernelCode): Record<string, string> {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const exports = instantiate(module, memory);
  exports.fillHashTables(TABLES);
  const room = createRoom(memory);
  const digests = Object.entries(CHECKS).map(([name, callsOf]): [string, string] => {
    const first = room.bytes(0);
    const { words } = encodePlan(callsOf(room), encodingOf(exports, wide), [TENSORS, PAGES * PAGE_BYTES]);
    const plan = room.bytes(words.length * 4);
    new Uint32Array(memory.buffer, plan, words.length).set(words);
    exports.lead(plan, 1, SCRATCH, CONTROL);
    const left = new Uint8Array(memory.buffer, first, plan - first);
    return [name, createHash("sha256").update(left).digest("hex").slice(0, 16)];
  });
  return Object.fromEntries(digests);
}

function encodingOf(exports: PlanExports, wide: boolean) {
  const scratch = {
    product: exports.productScratchBytes(),
    productInt8: exports.productInt8ScratchBytes(),
    hash: exports.tensorHashScratchBytes(),
  };
  return { threads: 1, wide, tables: TABLES, scratch };
}

/** Names of the checks whose bits differ; all of them when the code cannot run. */
export function failedChecks(code: KernelCode): string[] {
  const names = Object.keys(DIGESTS);
  try {
    const digests = runChecks(code);
    return names.filter((name) => digests[name] !== DIGESTS[name]);
  } catch {
    return names;
  }
}
