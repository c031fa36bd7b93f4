// Where everything of an engine lies in memory: packed weights, rotary tables, caches, and the rows of one step. Laid out once,
// before anything is reserved, so that an engine over its memory limit is refused with the number.
import { DTYPE_BYTES, type Dtype, elementCount, type Shape } from "../graph/Graph.ts";
import type { CacheView, PackedView } from "../kernel/KernelCall.ts";
import { packedBytes } from "../kernel/packedBytes.ts";
import type { View } from "../kernel/View.ts";
import { type GptConfig, layerName } from "../models/gpt.ts";

/** How much an engine computes at once. */
export type EngineSize = {
  readonly slots: number;
  /** Positions of a sequence. */
  readonly context: number;
  /** Rows of a step. */
  readonly rows: number;
};

/** Rows of B in a packed panel, and positions of a panel of cached keys. */
const PANEL = 8;
const ALIGN = 64;
/** Bytes of weights that are packed at a time. */
const STAGING_BYTES = 4 * 2 ** 20;
/** fp32 constants of the graph: 1, 1/dim, ε, 1/sqrt(depth), 88. */
const SCALARS = ["one", "inverseDim", "epsilon", "scale", "sigmoidLimit"] as const;
export type ScalarName = (typeof SCALARS)[number];

export type LayerViews = {
  readonly inputNorm: View;
  /** q, k and v one below the other, each from a panel of its own on. */
  readonly qkv: PackedView;
  readonly output: PackedView;
  readonly postNorm: View;
  /** gate and up, likewise. */
  readonly gateUp: PackedView;
  readonly down: PackedView;
  readonly cache: CacheView;
};

/** Rows of a step; each has room for the planned `EngineSize.rows`, the wanted ones for as many as there are slots. */
export type WorkViews = {
  readonly tokens: View;
  readonly slots: View;
  readonly positions: View;
  readonly wanted: View;
  readonly x: View;
  readonly normed: View;
  readonly qkv: View;
  readonly q: View;
  readonly k: View;
  readonly mixed: View;
  readonly gateUp: View;
  readonly gated: View;
  readonly update: View;
  readonly cos: View;
  readonly sin: View;
  readonly wantedX: View;
  readonly wantedNormed: View;
  readonly logits: View;
  readonly powers: View;
  /** Per wanted row, for the draw: what is subtracted from its logits, and what the difference is multiplied by. */
  readonly shifts: View;
  readonly factors: View;
};

export type ModelViews = {
  readonly embed: PackedView;
  readonly layers: readonly LayerViews[];
  readonly norm: View;
  readonly head: PackedView;
  /** [context, depth]. */
  readonly cos: View;
  readonly sin: View;
  readonly scalars: Readonly<Record<ScalarName, View>>;
  readonly work: WorkViews;
  /** Where weights lie before they are packed; the same bytes as caches and work. */
  readonly staging: { readonly at: number; readonly bytes: number };
  /** Bytes of all. */
  readonly bytes: number;
};

/** Rows that a plan for up to so many has: whole blocks of four, in which the products are fast; or a single one. */
export function plannedRoom(rows: number): number {
  return rows === 1 ? 1 : Math.ceil(rows / 4) * 4;
}

/** The first `count` rows. */
export function firstRows(view: View, count: number): View {
  return { ...view, shape: [count, ...view.shape.slice(1)] };
}

export function wholePanels(rows: number): number {
  return Math.ceil(rows / PANEL) * PANEL;
}

/** Columns of the product that gives q, k and v, and where k and v begin. */
export function qkvColumns({ dim, heads, kvHeads }: GptConfig): { k: number; v: number; all: number } {
  const [own, shared] = [wholePanels(dim), wholePanels((dim / heads) * kvHeads)];
  return { k: own, v: own + shared, all: own + 2 * shared };
}

type Placer = ReturnType<typeof createPlacer>;

function createPlacer(base: number) {
  let next = base;
  const take = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / ALIGN) * ALIGN;
    return at;
  };
  return {
    view: (shape: Shape, dtype: Dtype = "f32"): View => {
      return { at: take(elementCount(shape) * DTYPE_BYTES[dtype]), dtype, shape };
    },
    packed: (shape: Shape): PackedView => ({
      at: take(packedBytes({ dtype: "f32", shape })),
      dtype: "f32",
      shape,
      packed: true,
    }),
    skipTo: (at: number) => {
      next = Math.max(next, at);
    },
    get next() {
      return next;
    },
  };
}

function layerWeights(place: Placer, config: GptConfig): Omit<LayerViews, "cache"> {
  const { dim, hidden } = config;
  return {
    inputNorm: place.view([dim]),
    qkv: place.packed([qkvColumns(config).all, dim]),
    output: place.packed([dim, dim]),
    postNorm: place.view([dim]),
    gateUp: place.packed([2 * wholePanels(hidden), dim]),
    down: place.packed([dim, hidden]),
  };
}

function cacheViews(place: Placer, { dim, heads, kvHeads }: GptConfig, { slots, context }: EngineSize): CacheView {
  const [depth, capacity] = [dim / heads, wholePanels(context)];
  return {
    keys: place.view([slots, kvHeads, capacity / PANEL, depth, PANEL]),
    values: place.view([slots, kvHeads, capacity, depth]),
  };
}

function workViews(place: Placer, config: GptConfig, size: EngineSize): WorkViews {
  const [rows, slots] = [plannedRoom(size.rows), plannedRoom(size.slots)];
  const { dim, heads, kvHeads, hidden, vocab } = config;
  const depth = dim / heads;
  const index = (count: number) => place.view([count], "i32");
  return {
    tokens: index(rows),
    slots: index(rows),
    positions: index(rows),
    wanted: index(slots),
    x: place.view([rows, dim]),
    normed: place.view([rows, dim]),
    qkv: place.view([rows, qkvColumns(config).all]),
    q: place.view([rows, heads, depth]),
    k: place.view([rows, kvHeads, depth]),
    mixed: place.view([rows, heads, depth]),
    gateUp: place.view([rows, 2 * wholePanels(hidden)]),
    gated: place.view([rows, hidden]),
    update: place.view([rows, dim]),
    cos: place.view([rows, depth]),
    sin: place.view([rows, depth]),
    wantedX: place.view([slots, dim]),
    wantedNormed: place.view([slots, dim]),
    logits: place.view([slots, vocab]),
    powers: place.view([slots, vocab]),
    shifts: place.view([slots, 1]),
    factors: place.view([slots, 1]),
  };
}

/** Everything from `base` on, a multiple of 64. */
export function modelViews(config: GptConfig, size: EngineSize, base = 0): ModelViews {
  const { dim, heads, layers, vocab, tiedHead } = config;
  const place = createPlacer(base);
  const embed = place.packed([vocab, dim]);
  const weights = Array.from({ length: layers }, () => layerWeights(place, config));
  const norm = place.view([dim]);
  const head = tiedHead ? embed : place.packed([vocab, dim]);
  const table = [size.context, dim / heads];
  const [cos, sin] = [place.view(table), place.view(table)];
  const scalars = Object.fromEntries(SCALARS.map((name) => [name, place.view([1])])) as Record<ScalarName, View>;
  const at = place.next;
  const work = workViews(place, config, size);
  const caches = weights.map(() => cacheViews(place, config, size));
  const bytes = stagingBytes(config);
  place.skipTo(at + bytes);
  return {
    embed,
    layers: weights.map((layer, i) => ({ ...layer, cache: caches[i]! })),
    norm,
    head,
    cos,
    sin,
    scalars,
    work,
    staging: { at, bytes },
    bytes: place.next - base,
  };
}

/** At least one panel of the widest matrix. */
function stagingBytes({ dim, hidden }: GptConfig): number {
  return Math.max(STAGING_BYTES, Math.max(dim, hidden) * PANEL * 4);
}

/** Rows of a matrix of so many columns that are packed at a time: whole panels. */
export function stagedRows(staging: ModelViews["staging"], columns: number): number {
  return Math.max(PANEL, Math.floor(staging.bytes / (columns * 4 * PANEL)) * PANEL);
}

/** Where a parameter goes: a packed matrix from a row on, or as it is. */
export type WeightPlace = { readonly packed: PackedView; readonly row: number } | { readonly plain: View };

/** The place of every parameter, by its name. */
export function weightPlaces(config: GptConfig, views: ModelViews): ReadonlyMap<string, WeightPlace> {
  const columns = qkvColumns(config);
  const block = (layer: LayerViews, n: number): [string, WeightPlace][] => [
    [layerName(n, "input_layernorm"), { plain: layer.inputNorm }],
    [layerName(n, "self_attn.q_proj"), { packed: layer.qkv, row: 0 }],
    [layerName(n, "self_attn.k_proj"), { packed: layer.qkv, row: columns.k }],
    [layerName(n, "self_attn.v_proj"), { packed: layer.qkv, row: columns.v }],
    [layerName(n, "self_attn.o_proj"), { packed: layer.output, row: 0 }],
    [layerName(n, "post_attention_layernorm"), { plain: layer.postNorm }],
    [layerName(n, "mlp.gate_proj"), { packed: layer.gateUp, row: 0 }],
    [layerName(n, "mlp.up_proj"), { packed: layer.gateUp, row: wholePanels(config.hidden) }],
    [layerName(n, "mlp.down_proj"), { packed: layer.down, row: 0 }],
  ];
  return new Map<string, WeightPlace>([
    ["model.embed_tokens.weight", { packed: views.embed, row: 0 }],
    ...views.layers.flatMap(block),
    ["model.norm.weight", { plain: views.norm }],
    ...(config.tiedHead ? [] : ([["lm_head.weight", { packed: views.head, row: 0 }]] as [string, WeightPlace][])),
  ]);
}
