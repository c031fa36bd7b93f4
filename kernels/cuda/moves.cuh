// Moves and conversions (spec/tensor.md §3.2, §3.5): a thread per element of the result; moves change no bit.

/** One element of 4 bytes or 1. */
__device__ inline void moveElement(u32 bytes, u8 *out, i64 to, const u8 *x, i64 from)
{
    if (bytes == 4) ((u32 *)out)[to] = ((const u32 *)x)[from];
    else out[to] = x[from];
}

/** Words: number, x (address), out, bytes of an element, elements, count of axes, then for each from the innermost outwards size,
 * stride of x, stride of out. */
extern "C" __global__ void weftCopy(u8 *memory, const u32 *words)
{
    u32 rest = threadNumber();
    if (rest >= words[6]) return;
    i64 from = 0, to = 0;
    for (u32 axis = 0; axis < words[7]; axis++) {
        const u32 *own = words + 8 + 3 * axis;
        const i64 i = rest % own[0];
        rest /= own[0];
        from += i * (int)own[1];
        to += i * (int)own[2];
    }
    moveElement(words[5], place<u8>(memory, words + 3), to, place<const u8>(memory, words + 1), from);
}

/** Words: number, x (address), out, bytes of an element, elements. */
extern "C" __global__ void weftSwapPairs(u8 *memory, const u32 *words)
{
    const u32 i = threadNumber();
    if (i < words[6])
        moveElement(words[5], place<u8>(memory, words + 3), i, place<const u8>(memory, words + 1), i ^ 1);
}

/** Words: number, table (address), index, out, bytes of an element, elements of out, rows, columns, fill. */
extern "C" __global__ void weftGather(u8 *memory, const u32 *words)
{
    const u32 i = threadNumber(), columns = words[10];
    if (i >= words[8]) return;
    const int row = place<const int>(memory, words + 3)[i / columns];
    u8 *out = place<u8>(memory, words + 5);
    if (namesRow(memory, words, row, words[9]))
        moveElement(words[7], out, i, place<const u8>(memory, words + 1), (i64)row * columns + i % columns);
    else if (words[7] == 4) ((u32 *)out)[i] = words[11];
    else out[i] = (u8)words[11];
}

/** Words: number, x (address), out, elements. Clamped in fp32, then to nearest even. */
extern "C" __global__ void weftToInt8(u8 *memory, const u32 *words)
{
    const u32 i = threadNumber();
    if (i >= words[5]) return;
    const float x = place<const float>(memory, words + 1)[i];
    const float clamped = smaller(larger(x, -127.0f), 127.0f);
    place<i8>(memory, words + 3)[i] = isNan(asWord(x)) ? 0 : (i8)__float2int_rn(clamped);
}

/** Words: number, x (address), out, elements. */
extern "C" __global__ void weftToFloat(u8 *memory, const u32 *words)
{
    const u32 i = threadNumber();
    if (i < words[5]) place<float>(memory, words + 3)[i] = __int2float_rn(place<const int>(memory, words + 1)[i]);
}
