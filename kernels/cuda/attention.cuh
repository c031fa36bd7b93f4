// Inference with cached keys and values (spec/inference.md): rows of a batch into a cache, and each row's attention over what its
// sequence has cached. Per slot and key head a cache holds keys as panels of 8 positions ([capacity/8][depth][8]) and values as rows
// ([capacity][depth]). Sums and roundings are those of the attention composite (spec/tensor.md §3.7) over positions 0 … own.

#define PANEL 8

/** Sizes of a cache, as both kernels' words have them from `slots` (address) on: slots, positions, keys, values, then rows, key heads,
 * capacity, depth, number of slots. */
struct Cache {
    const int *slot, *position;
    u32 *keys, *values;
    u32 rows, heads, capacity, depth, slots;
};

__device__ inline Cache cacheOf(u8 *memory, const u32 *words)
{
    const Cache cache = {place<const int>(memory, words), place<const int>(memory, words + 2), place<u32>(memory, words + 4),
                         place<u32>(memory, words + 6), words[8], words[9], words[10], words[11], words[12]};
    return cache;
}

/** True for a row that counts; position -1 does not, a position or slot out of range fails the command. */
__device__ inline bool rowCounts(u8 *memory, const u32 *words, const Cache &cache, u32 row)
{
    const int position = cache.position[row], slot = cache.slot[row];
    if (position == -1) return false;
    const bool inside = position >= 0 && (u32)position < cache.capacity && slot >= 0 && (u32)slot < cache.slots;
    if (!inside) fail(memory, words);
    return inside;
}

/** Where a slot's key head begins, in elements, in either cache. */
__device__ inline i64 headPlace(const Cache &cache, u32 row, u32 head)
{
    return ((i64)cache.slot[row] * cache.heads + head) * cache.capacity * cache.depth;
}

/** Words: number, k (address), v, the cache's, strides of the rows of k and of v. A thread per element. */
extern "C" __global__ void weftCacheRows(u8 *memory, const u32 *words)
{
    const Cache cache = cacheOf(memory, words + 5);
    const u32 i = threadNumber(), column = i % cache.depth, head = i / cache.depth % cache.heads;
    const u32 row = i / cache.depth / cache.heads;
    if (row >= cache.rows || !rowCounts(memory, words, cache, row)) return;
    const u32 position = (u32)cache.position[row], from = head * cache.depth + column;
    const i64 place0 = headPlace(cache, row, head);
    cache.keys[place0 + ((i64)(position / PANEL) * cache.depth + column) * PANEL + position % PANEL] =
        place<const u32>(memory, words + 1)[(i64)row * (int)words[18] + from];
    cache.values[place0 + (i64)position * cache.depth + column] =
        place<const u32>(memory, words + 3)[(i64)row * (int)words[19] + from];
}

/**
 * Words: number, q (address), out, the cache's, heads. A block per row and head. Shared memory holds the row's scores and one word.
 * Scores and mixed values have a thread each; the maximum and the sum along the row are one thread's, in ascending order.
 */
extern "C" __global__ void __launch_bounds__(THREADS) weftAttend(u8 *memory, const u32 *words)
{
    const Cache cache = cacheOf(memory, words + 5);
    const u32 heads = words[18], row = blockIdx.x / heads, head = blockIdx.x % heads, depth = cache.depth;
    if (!rowCounts(memory, words, cache, row)) return;
    const u32 count = (u32)cache.position[row] + 1;
    const i64 own = headPlace(cache, row, head / (heads / cache.heads));
    const u32 *q = place<const u32>(memory, words + 1) + (i64)blockIdx.x * depth;
    const u32 *keys = cache.keys + own, *values = cache.values + own;
    u32 *scores = registers, *folded = registers + cache.capacity;
    for (u32 j = threadIdx.x; j < count; j += THREADS) {
        const u32 *key = keys + (i64)(j / PANEL) * depth * PANEL + j % PANEL;
        float acc = 0.0f;
        for (u32 k = 0; k < depth; k++) acc = add(acc, mul(asFloat(q[k]), asFloat(key[k * PANEL])));
        scores[j] = asWord(acc);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        float most = asFloat(scores[0]);
        for (u32 j = 1; j < count; j++) most = larger(most, asFloat(scores[j]));
        *folded = asWord(most);
    }
    __syncthreads();
    for (u32 j = threadIdx.x; j < count; j += THREADS)
        scores[j] = asWord(expRecipe(sub(asFloat(scores[j]), asFloat(*folded))));
    __syncthreads();
    if (threadIdx.x == 0) {
        float sum = 0.0f;
        for (u32 j = 0; j < count; j++) sum = add(sum, asFloat(scores[j]));
        *folded = asWord(quotient(1.0f, sum));
    }
    __syncthreads();
    for (u32 j = threadIdx.x; j < count; j += THREADS) scores[j] = asWord(mul(asFloat(scores[j]), asFloat(*folded)));
    __syncthreads();
    for (u32 c = threadIdx.x; c < depth; c += THREADS) {
        float acc = 0.0f;
        for (u32 j = 0; j < count; j++) acc = add(acc, mul(asFloat(scores[j]), asFloat(values[(i64)j * depth + c])));
        place<u32>(memory, words + 3)[(i64)blockIdx.x * depth + c] = canonical(asWord(acc));
    }
}
