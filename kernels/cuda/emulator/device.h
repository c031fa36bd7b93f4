// What the kernels need of CUDA, on a processor: one block runs at a time, its threads are fibers that change places at barriers.
// Floats are SSE2 or NEON singles: one operation, one rounding, no contraction (compile with -ffp-contract=off).
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#define __device__
#define __global__
#define __shared__ static
#define SHARED_BY_LAUNCH extern
#define __launch_bounds__(threads)

struct Triple {
    unsigned int x, y, z;
};

/** Of the fiber that runs. */
extern Triple threadIdx, blockIdx, blockDim, gridDim;

/** Gives way until every thread of the block has come here. */
void __syncthreads();

// The operands pass through memory, so that no optimisation may look through an operation.
static inline float kept(float x)
{
    volatile float y = x;
#ifdef EMULATE_FLUSH
    // A device that loses subnormals, for the test that such a one is refused.
    return std::fabs(y) < 1.17549435e-38f ? 0.0f : y;
#else
    return y;
#endif
}
static inline float __fadd_rn(float a, float b) { return kept(kept(a) + kept(b)); }
static inline float __fsub_rn(float a, float b) { return kept(kept(a) - kept(b)); }
static inline float __fmul_rn(float a, float b) { return kept(kept(a) * kept(b)); }
static inline float __fdiv_rn(float a, float b) { return kept(kept(a) / kept(b)); }
static inline float __fsqrt_rn(float x) { return kept(std::sqrt(kept(x))); }
static inline int __float2int_rn(float x) { return (int)std::nearbyint(x); }
static inline float __int2float_rn(int x) { return (float)x; }

static inline unsigned int __float_as_uint(float x)
{
    unsigned int word;
    std::memcpy(&word, &x, 4);
    return word;
}
static inline float __uint_as_float(unsigned int word)
{
    float x;
    std::memcpy(&x, &word, 4);
    return x;
}

static inline unsigned int atomicMin(unsigned int *at, unsigned int value)
{
    const unsigned int before = *at;
    if (value < before) *at = value;
    return before;
}
