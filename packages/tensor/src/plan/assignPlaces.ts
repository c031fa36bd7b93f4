// Where buffers lie in the arena: buffers that are alive at the same time never overlap. Largest first, each at the lowest
// place that is free for its whole life (Pisarchyk & Lee 2020, "greedy by size").

export type Life = {
  readonly bytes: number;
  /** Commands from which and to which the buffer holds something, both inclusive. */
  readonly first: number;
  readonly last: number;
};

/** Whole cache lines, and room for a kernel that reads up to 60 bytes past an end. */
export function paddedBytes(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

type Placed = Life & { readonly offset: number };

/** Offsets in order of the lives, and the bytes of the whole. */
export function assignPlaces(lives: readonly Life[]): { readonly offsets: readonly number[]; readonly bytes: number } {
  const order = lives.map((_, i) => i).sort((a, b) => lives[b]!.bytes - lives[a]!.bytes || a - b);
  const offsets = new Array<number>(lives.length).fill(0);
  /** In order of offset. */
  const placed: Placed[] = [];
  let bytes = 0;
  for (const i of order) {
    const life = lives[i]!;
    const size = paddedBytes(life.bytes);
    const offset = lowestFree(placed, life, size);
    offsets[i] = offset;
    bytes = Math.max(bytes, offset + size);
    insert(placed, { ...life, bytes: size, offset });
  }
  return { offsets, bytes };
}

function lowestFree(placed: readonly Placed[], { first, last }: Life, size: number): number {
  let offset = 0;
  for (const other of placed) {
    if (other.last < first || other.first > last) continue;
    if (other.offset - offset >= size) break;
    offset = Math.max(offset, other.offset + other.bytes);
  }
  return offset;
}

function insert(placed: Placed[], one: Placed): void {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placed[middle]!.offset <= one.offset) low = middle + 1;
    else high = middle;
  }
  placed.splice(low, 0, one);
}
