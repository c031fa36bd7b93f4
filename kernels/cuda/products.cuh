// matmul and matmulInt8 (spec/tensor.md §3.1, §3.2). A block computes a tile of one matrix of the result. Tiles of A and B go through
// shared memory, TERMS of them at a time; each thread keeps ROWS x COLUMNS sums in registers and adds to each of them in
// ascending k, product rounded first. Tiling changes which sums are computed side by side, never the order inside one.

struct Fp32 {
    typedef float Stored;
    typedef float Term;
    static __device__ float next(float acc, float a, float b) { return add(acc, mul(a, b)); }
    static __device__ u32 word(float acc) { return canonical(asWord(acc)); }
};

/** int8 in int32 with wrap-around: unsigned arithmetic is modulo 2^32. */
struct Int8 {
    typedef i8 Stored;
    typedef int Term;
    static __device__ u32 next(u32 acc, int a, int b) { return acc + (u32)(a * b); }
    static __device__ u32 word(u32 acc) { return acc; }
};

struct Product {
    int M, N, K, aRow, aTerm, bRow, bTerm, outRow;
};

/**
 * Words: number, a (address), b, out, M, N, K, strides of a's rows and terms, of b's rows and terms, of out's rows, count of
 * leading axes, then for each from the innermost outwards its size and the strides of a, b, out. Blocks: matrix by matrix, its
 * tiles row by row.
 *
 * Terms past K are zeros on both sides: fl(acc + fl(0 * 0)) = acc + 0 is acc for every acc, because a sum that starts at
 * +0 is never -0. Rows past M or N are computed from zeros and not stored.
 */
template <class Kind, class Sum, int ROWS, int COLUMNS, int DOWN, int ACROSS, int TERMS>
__device__ inline void product(u8 *memory, const u32 *words)
{
    typedef typename Kind::Stored Stored;
    typedef typename Kind::Term Term;
    const int TILE_M = ROWS * DOWN, TILE_N = COLUMNS * ACROSS;
    __shared__ Term tileA[TERMS][TILE_M + 1];
    __shared__ Term tileB[TERMS][TILE_N + 1];
    const Product p = {(int)words[7], (int)words[8], (int)words[9], (int)words[10], (int)words[11],
                       (int)words[12], (int)words[13], (int)words[14]};
    const int tilesN = (p.N + TILE_N - 1) / TILE_N, tilesM = (p.M + TILE_M - 1) / TILE_M;
    const int firstN = (int)(blockIdx.x % tilesN) * TILE_N;
    const int firstM = (int)(blockIdx.x / tilesN % tilesM) * TILE_M;
    u32 matrix = blockIdx.x / tilesN / tilesM;
    const Stored *a = place<const Stored>(memory, words + 1);
    const Stored *b = place<const Stored>(memory, words + 3);
    u32 *out = place<u32>(memory, words + 5);
    for (u32 axis = 0; axis < words[15]; axis++) {
        const u32 *own = words + 16 + 4 * axis;
        const i64 i = matrix % own[0];
        matrix /= own[0];
        a += i * (int)own[1];
        b += i * (int)own[2];
        out += i * (int)own[3];
    }

    const int t = (int)threadIdx.x, across = t % ACROSS, down = t / ACROSS;
    Sum acc[ROWS][COLUMNS];
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) acc[i][j] = 0;

    for (int firstK = 0; firstK < p.K; firstK += TERMS) {
        // Neighbouring threads fetch neighbouring elements: along k where that is contiguous, else along the rows.
        for (int e = t; e < TILE_M * TERMS; e += DOWN * ACROSS) {
            const int m = p.aTerm == 1 ? e / TERMS : e % TILE_M, k = p.aTerm == 1 ? e % TERMS : e / TILE_M;
            const bool inside = firstM + m < p.M && firstK + k < p.K;
            tileA[k][m] = inside ? (Term)a[(i64)(firstM + m) * p.aRow + (i64)(firstK + k) * p.aTerm] : (Term)0;
        }
        for (int e = t; e < TILE_N * TERMS; e += DOWN * ACROSS) {
            const int n = p.bTerm == 1 ? e / TERMS : e % TILE_N, k = p.bTerm == 1 ? e % TERMS : e / TILE_N;
            const bool inside = firstN + n < p.N && firstK + k < p.K;
            tileB[k][n] = inside ? (Term)b[(i64)(firstN + n) * p.bRow + (i64)(firstK + k) * p.bTerm] : (Term)0;
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < TERMS; k++) {
            Term left[ROWS], right[COLUMNS];
#pragma unroll
            for (int i = 0; i < ROWS; i++) left[i] = tileA[k][down + i * DOWN];
#pragma unroll
            for (int j = 0; j < COLUMNS; j++) right[j] = tileB[k][across + j * ACROSS];
#pragma unroll
            for (int i = 0; i < ROWS; i++)
#pragma unroll
                for (int j = 0; j < COLUMNS; j++) acc[i][j] = Kind::next(acc[i][j], left[i], right[j]);
        }
        __syncthreads();
    }

#pragma unroll
    for (int i = 0; i < ROWS; i++)
#pragma unroll
        for (int j = 0; j < COLUMNS; j++) {
            const int m = firstM + down + i * DOWN, n = firstN + across + j * ACROSS;
            if (m < p.M && n < p.N) out[(i64)m * p.outRow + n] = Kind::word(acc[i][j]);
        }
}

/** Tiles of 128 x 128: for results with enough of them to fill the device. */
extern "C" __global__ void __launch_bounds__(THREADS) weftMatmulWide(u8 *memory, const u32 *words)
{
    product<Fp32, float, 8, 8, 16, 16, 8>(memory, words);
}

/** Tiles of 32 x 32: for small results, and rows decoded one at a time. */
extern "C" __global__ void __launch_bounds__(THREADS) weftMatmul(u8 *memory, const u32 *words)
{
    product<Fp32, float, 2, 2, 16, 16, 32>(memory, words);
}

/** Tiles of 64 x 64. */
extern "C" __global__ void __launch_bounds__(THREADS) weftMatmulInt8(u8 *memory, const u32 *words)
{
    product<Int8, u32, 4, 4, 16, 16, 16>(memory, words);
}
