// Chains of elementwise operators and last-axis reductions (packages/tensor/src/kernel/KernelCall.ts), interpreted: a program of
// instructions on registers in shared memory, the same for all threads. encode/chain.ts writes the words.
//
// Words: number, rows, columns, row axes, where sources, outputs and code begin, phases, registers per row, then the sizes of
// the row axes, innermost first. Source: kind, address, stride of the column, strides of the row axes. Output: address. Code:
// count of instructions per row and these; then for each phase the counts of instructions per element, folds and
// instructions per row, and these. Instruction: op, register, up to three operands; a register with PER_ROW has one entry per row.

#define PER_ROW 0x80000000u
#define ROWS_PER_BLOCK 32
#define COLUMNS_PER_TILE 8
#define INSTRUCTION 5

enum ChainOp {
    OP_LOAD, OP_STORE, OP_MOVE, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MAX, OP_MIN, OP_GT, OP_SELECT, OP_NEG, OP_ABS, OP_SQRT, OP_EXP,
    OP_LOG, OP_TANH, OP_SWAP_PAIRS, OP_TO_FLOAT, OP_SUM, OP_MAXIMUM
};

/** What a thread works on: an element, or a row when it runs instructions per row. */
struct Here {
    u8 *memory;
    const u32 *words;
    /** Registers: THREADS entries for each of an element, ROWS_PER_BLOCK for each of a row. */
    u32 *full, *perRow;
    u32 row, column, rowInBlock;
    bool inside;
};

__device__ inline u32 &reg(const Here &here, u32 number)
{
    if (number & PER_ROW) return here.perRow[(number & ~PER_ROW) * ROWS_PER_BLOCK + here.rowInBlock];
    return here.full[number * THREADS + threadIdx.x];
}

__device__ inline u32 load(const Here &here, u32 number)
{
    const u32 *words = here.words, axes = words[3];
    const u32 *source = words + words[4] + number * (4 + axes);
    if (source[0] == 1) {
        const int hot = place<const int>(here.memory, source + 1)[here.row];
        const bool isHot = namesRow(here.memory, words, hot, words[2]) && (u32)hot == here.column;
        return isHot ? 0x3f800000u : 0u;
    }
    i64 at = (i64)here.column * (int)source[3];
    u32 rest = here.row;
    for (u32 axis = 0; axis < axes; axis++) {
        const u32 size = words[9 + axis];
        at += (i64)(rest % size) * (int)source[4 + axis];
        rest /= size;
    }
    return place<const u32>(here.memory, source + 1)[at];
}

/** An element of a whole output, or the only one of its row. */
__device__ inline void store(const Here &here, u32 number, bool perRow, u32 word)
{
    const u32 *words = here.words;
    u32 *out = place<u32>(here.memory, words + words[5] + 2 * number);
    if (here.inside) out[perRow ? (i64)here.row : (i64)here.row * words[2] + here.column] = word;
}

__device__ inline u32 computed(u32 op, u32 first, u32 second, u32 third)
{
    const float a = asFloat(first), b = asFloat(second), c = asFloat(third);
    switch (op) {
    case OP_ADD: return asWord(add(a, b));
    case OP_SUB: return asWord(sub(a, b));
    case OP_MUL: return asWord(mul(a, b));
    case OP_DIV: return asWord(quotient(a, b));
    case OP_MAX: return asWord(larger(a, b));
    case OP_MIN: return asWord(smaller(a, b));
    case OP_GT: return a > b ? 0x3f800000u : 0u;
    case OP_SELECT: return a != 0.0f ? second : third;
    case OP_NEG: return first ^ 0x80000000u;
    case OP_ABS: return first & 0x7fffffffu;
    case OP_SQRT: return asWord(root(a));
    case OP_EXP: return asWord(expRecipe(a));
    case OP_LOG: return asWord(logRecipe(a));
    case OP_TANH: return asWord(tanhRecipe(a));
    case OP_TO_FLOAT: return asWord(__int2float_rn((int)first));
    default: return asWord(c);
    }
}

/** Runs instructions; all threads of the block, or those that stand for rows. Pairs lie next to each other in a block. */
__device__ inline void execute(const Here &here, const u32 *code, u32 count, bool perRow)
{
    for (u32 i = 0; i < count; i++, code += INSTRUCTION) {
        const u32 op = code[0], to = code[1];
        if (op == OP_LOAD) reg(here, to) = load(here, code[2]);
        else if (op == OP_STORE) store(here, to, perRow, canonical(reg(here, code[2])));
        else if (op == OP_MOVE) store(here, to, perRow, reg(here, code[2]));
        else if (op == OP_SWAP_PAIRS) {
            __syncthreads();
            const u32 other = here.full[code[2] * THREADS + (threadIdx.x ^ 1)];
            __syncthreads();
            reg(here, to) = other;
        } else reg(here, to) = computed(op, reg(here, code[2]), reg(here, code[3]), reg(here, code[4]));
    }
}

SHARED_BY_LAUNCH u32 registers[];

/** A chain without reductions and one-hot rows: a thread per element. */
extern "C" __global__ void __launch_bounds__(THREADS) weftChain(u8 *memory, const u32 *words)
{
    const u32 rows = words[1], columns = words[2], i = threadNumber(), last = rows * columns - 1;
    const u32 element = i < last ? i : last;
    const Here here = {memory, words, registers, registers, element / columns, element % columns, 0, i <= last};
    const u32 *code = words + words[6];
    execute(here, code + 4, code[1], false);
}

/**
 * A chain with reductions: a block per ROWS_PER_BLOCK rows, COLUMNS_PER_TILE columns of them at a time, a phase for each level of
 * reductions, since a value that follows from a reduction needs all of its row first. What several phases need is computed in
 * each; the bits are the same. One thread per row folds its tile in ascending order. Outputs are written in the last phase.
 */
extern "C" __global__ void __launch_bounds__(THREADS) weftChainRows(u8 *memory, const u32 *words)
{
    const u32 rows = words[1], columns = words[2], t = threadIdx.x, firstRow = blockIdx.x * ROWS_PER_BLOCK;
    u32 *perRow = registers, *full = registers + words[8] * ROWS_PER_BLOCK;
    const u32 *code = words + words[6];
    const u32 ofRow = firstRow + t, ofTile = firstRow + t / COLUMNS_PER_TILE;
    const Here row = {memory, words, full, perRow, ofRow < rows ? ofRow : rows - 1, 0, t, ofRow < rows};
    if (t < ROWS_PER_BLOCK) execute(row, code + 1, code[0], true);
    code += 1 + code[0] * INSTRUCTION;
    __syncthreads();
    for (u32 phase = 0; phase < words[7]; phase++) {
        const u32 elements = code[0], folds = code[1], after = code[2];
        const u32 *foldCode = code + 3 + elements * INSTRUCTION, *afterCode = foldCode + folds * INSTRUCTION;
        for (u32 first = 0; first < columns && elements + folds > 0; first += COLUMNS_PER_TILE) {
            const u32 column = first + t % COLUMNS_PER_TILE;
            const Here here = {memory, words, full, perRow, ofTile < rows ? ofTile : rows - 1,
                               column < columns ? column : columns - 1, t / COLUMNS_PER_TILE, ofTile < rows && column < columns};
            execute(here, code + 3, elements, false);
            __syncthreads();
            if (t < ROWS_PER_BLOCK)
                for (u32 i = 0; i < folds; i++) {
                    const u32 *own = foldCode + i * INSTRUCTION;
                    float acc = asFloat(reg(row, own[1]));
                    for (u32 c = 0; c < COLUMNS_PER_TILE && first + c < columns; c++) {
                        const u32 word = own[2] & PER_ROW ? reg(row, own[2]) : full[own[2] * THREADS + t * COLUMNS_PER_TILE + c];
                        acc = fold(own[0] == OP_MAXIMUM, first + c == 0, acc, asFloat(word));
                    }
                    reg(row, own[1]) = asWord(acc);
                }
            __syncthreads();
        }
        if (t < ROWS_PER_BLOCK) execute(row, afterCode, after, true);
        __syncthreads();
        code = afterCode + after * INSTRUCTION;
    }
}
