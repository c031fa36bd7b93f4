// reduceSum and reduceMax (spec/tensor.md §3.4): one thread adds the terms of one result, in ascending order.

#define FOLD_ROWS 32
#define FOLD_COLUMNS 32

/** The next term of a sum or maximum; the first of a maximum is taken as it is. */
__device__ inline float fold(bool maximum, bool first, float acc, float x)
{
    if (maximum) return first ? x : larger(acc, x);
    return add(first ? 0.0f : acc, x);
}

/** Words: number, x (address), out, outer, size, inner, 1 for a maximum. A thread per result; neighbours read neighbours. */
extern "C" __global__ void weftReduce(u8 *memory, const u32 *words)
{
    const u32 i = threadNumber(), size = words[6], inner = words[7];
    if (i >= words[5] * inner) return;
    const float *x = place<const float>(memory, words + 1) + (i64)(i / inner) * size * inner + i % inner;
    float acc = 0.0f;
    for (u32 k = 0; k < size; k++) acc = fold(words[8] != 0, k == 0, acc, x[(i64)k * inner]);
    place<u32>(memory, words + 3)[i] = canonical(asWord(acc));
}

/** The same words, inner = 1. A block takes FOLD_ROWS rows; all its threads fetch a tile, one thread per row folds it. */
extern "C" __global__ void __launch_bounds__(THREADS) weftReduceRows(u8 *memory, const u32 *words)
{
    __shared__ float tile[FOLD_ROWS][FOLD_COLUMNS + 1];
    const u32 rows = words[5], size = words[6], firstRow = blockIdx.x * FOLD_ROWS, t = threadIdx.x;
    const float *x = place<const float>(memory, words + 1);
    float acc = 0.0f;
    for (u32 first = 0; first < size; first += FOLD_COLUMNS) {
        for (u32 e = t; e < FOLD_ROWS * FOLD_COLUMNS; e += THREADS) {
            const u32 row = firstRow + e / FOLD_COLUMNS, column = first + e % FOLD_COLUMNS;
            if (row < rows && column < size) tile[e / FOLD_COLUMNS][e % FOLD_COLUMNS] = x[(i64)row * size + column];
        }
        __syncthreads();
        if (t < FOLD_ROWS)
            for (u32 c = 0; c < FOLD_COLUMNS && first + c < size; c++)
                acc = fold(words[8] != 0, first + c == 0, acc, tile[t][c]);
        __syncthreads();
    }
    if (t < FOLD_ROWS && firstRow + t < rows) place<u32>(memory, words + 3)[firstRow + t] = canonical(asWord(acc));
}
