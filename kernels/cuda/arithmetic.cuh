// fp32 as spec/tensor.md §1 has it: one rounding per operation, to nearest even, subnormals kept. The intrinsics with _rn are never
// contracted into a fused multiply-add, whatever the compiler is told; no other fp32 arithmetic is used in these files.

typedef unsigned char u8;
typedef signed char i8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define CANONICAL_NAN 0x7fc00000u
#define THREADS 256

/** Shared memory whose size a launch gives. */
#ifndef SHARED_BY_LAUNCH
#define SHARED_BY_LAUNCH extern __shared__
#endif

__device__ inline float add(float a, float b) { return __fadd_rn(a, b); }
__device__ inline float sub(float a, float b) { return __fsub_rn(a, b); }
__device__ inline float mul(float a, float b) { return __fmul_rn(a, b); }
__device__ inline float quotient(float a, float b) { return __fdiv_rn(a, b); }
__device__ inline float root(float x) { return __fsqrt_rn(x); }

__device__ inline float asFloat(u32 word) { return __uint_as_float(word); }
__device__ inline u32 asWord(float x) { return __float_as_uint(x); }

__device__ inline bool isNan(u32 word) { return (word & 0x7fffffffu) > 0x7f800000u; }
__device__ inline u32 canonical(u32 word) { return isNan(word) ? CANONICAL_NAN : word; }

/** §3.3 and §3.4: a NaN on the left stays, one on the right loses; of two zeros the left one stays. */
__device__ inline float larger(float a, float b) { return a < b ? b : a; }
__device__ inline float smaller(float a, float b) { return b < a ? b : a; }

/** The place in memory that two words name. */
template <class T> __device__ inline T *place(u8 *memory, const u32 *words)
{
    return (T *)(memory + (((u64)words[1] << 32) | words[0]));
}

/** Number of this thread in a launch of one axis. */
__device__ inline u32 threadNumber() { return blockIdx.x * blockDim.x + threadIdx.x; }

/** Notes that a command met an index out of range; of several the first is kept, in the memory's first word. */
__device__ inline void fail(u8 *memory, const u32 *words) { atomicMin((u32 *)memory, words[0]); }

/** True for an index that names a row, false for -1; anything else fails the command and counts as -1. */
__device__ inline bool namesRow(u8 *memory, const u32 *words, int row, u32 rows)
{
    if (row >= 0 && (u32)row < rows) return true;
    if (row != -1) fail(memory, words);
    return false;
}
