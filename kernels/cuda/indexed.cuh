// oneHot and scatterAdd (spec/tensor.md §3.6).

#define SCATTER_THREADS 64

/** Words: number, index (address), out, elements of out, columns. */
extern "C" __global__ void weftOneHot(u8 *memory, const u32 *words)
{
    const u32 i = threadNumber(), columns = words[6];
    if (i >= words[5]) return;
    const int hot = place<const int>(memory, words + 1)[i / columns];
    const bool here = namesRow(memory, words, hot, columns) && (u32)hot == i % columns;
    place<float>(memory, words + 3)[i] = here ? 1.0f : 0.0f;
}

/**
 * Words: number, x (address), index, out, entries of the index, rows of out, columns. Axis y of the launch divides the rows of out
 * among groups, axis x the columns among threads: one thread owns an element and adds to it in the order of the index, so there is
 * no race and no atomic sum.
 */
extern "C" __global__ void __launch_bounds__(SCATTER_THREADS) weftScatterAdd(u8 *memory, const u32 *words)
{
    const u32 column = threadNumber(), group = blockIdx.y, groups = gridDim.y;
    const u32 count = words[7], rows = words[8], columns = words[9];
    if (column >= columns) return;
    const u32 *x = place<const u32>(memory, words + 1) + column;
    const int *index = place<const int>(memory, words + 3);
    u32 *out = place<u32>(memory, words + 5) + column;
    for (u32 row = group; row < rows; row += groups) out[(i64)row * columns] = 0;
    for (u32 i = 0; i < count; i++) {
        const int row = index[i];
        if (!namesRow(memory, words, row, rows) || (u32)row % groups != group) continue;
        u32 &own = out[(i64)row * columns];
        own = asWord(add(asFloat(own), asFloat(x[(i64)i * columns])));
    }
    for (u32 row = group; row < rows; row += groups) out[(i64)row * columns] = canonical(out[(i64)row * columns]);
}
