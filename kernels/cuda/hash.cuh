// Merkle roots of tensors (spec/tensor.md §6): SHA-256 of 128-byte leaves under tag 00 and of pairs under tag 01, a lone last node
// carried up. Subtrees of SUBTREE leaves are hashed by a block each, what is left above them by one block per value.

#define SUBTREE 512
#define DIGEST 8

__device__ inline u32 rotated(u32 x, int n) { return (x >> n) | (x << (32 - n)); }

__device__ const u32 ROUND[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u,
    0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u,
    0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau,
    0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u,
    0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u,
    0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u,
    0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u};

__device__ inline void startDigest(u32 *h)
{
    const u32 first[DIGEST] = {0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                               0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u};
    for (int i = 0; i < DIGEST; i++) h[i] = first[i];
}

/** One block of FIPS 180-4; w is used up. */
__device__ inline void absorb(u32 *h, u32 *w)
{
    u32 s[DIGEST];
    for (int i = 0; i < DIGEST; i++) s[i] = h[i];
#pragma unroll 16
    for (int i = 0; i < 64; i++) {
        if (i >= 16) {
            const u32 a = w[(i + 1) & 15], b = w[(i + 14) & 15];
            const u32 low = rotated(a, 7) ^ rotated(a, 18) ^ (a >> 3), high = rotated(b, 17) ^ rotated(b, 19) ^ (b >> 10);
            w[i & 15] += low + w[(i + 9) & 15] + high;
        }
        const u32 e = s[4], a = s[0];
        const u32 t1 = s[7] + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + ROUND[i] + w[i & 15];
        const u32 t2 = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        for (int j = DIGEST - 1; j > 0; j--) s[j] = s[j - 1];
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < DIGEST; i++) h[i] += s[i];
}

/** Reversed bytes: a message is read big-endian, elements are little-endian. */
__device__ inline u32 reversed(u32 x) { return (x << 24) | ((x & 0xff00u) << 8) | ((x >> 8) & 0xff00u) | (x >> 24); }

/** SHA-256(tag ‖ words), the words big-endian already; count is 16 or 32. The tag moves every byte on by one. */
__device__ inline void hashTagged(u32 tag, const u32 *words, int count, u32 *h)
{
    u32 w[16];
    startDigest(h);
    u32 before = tag;
    for (int first = 0; first < count; first += 16) {
        for (int i = 0; i < 16; i++) {
            w[i] = (before << 24) | (words[first + i] >> 8);
            before = words[first + i];
        }
        absorb(h, w);
    }
    for (int i = 0; i < 16; i++) w[i] = 0;
    w[0] = (before << 24) | 0x00800000u;
    w[15] = (u32)(count * 32 + 8);
    absorb(h, w);
}

/** The words of element i as a leaf holds them: NaN canonical, i8 widened. Dtypes are 0 f32, 1 i32, 2 i8. */
__device__ inline u32 leafWord(const u8 *value, u32 dtype, i64 i)
{
    if (dtype == 2) return (u32)(int)((const i8 *)value)[i];
    const u32 word = ((const u32 *)value)[i];
    return dtype == 0 ? canonical(word) : word;
}

/** One level up, in place, by a whole block: nodes 2i and 2i+1 make i. A round of threads reads before any of it writes, and later
 * rounds read beyond what it writes. */
__device__ inline void foldLevel(u32 *nodes, u32 width)
{
    const u32 parents = (width + 1) / 2;
    for (u32 first = 0; first < parents; first += THREADS) {
        const u32 i = first + threadIdx.x;
        u32 digest[DIGEST];
        if (2 * i + 1 < width) {
            u32 pair[2 * DIGEST];
            for (int j = 0; j < 2 * DIGEST; j++) pair[j] = nodes[2 * DIGEST * i + j];
            hashTagged(1, pair, 2 * DIGEST, digest);
        } else if (i < parents)
            for (int j = 0; j < DIGEST; j++) digest[j] = nodes[2 * DIGEST * i + j];
        __syncthreads();
        if (i < parents)
            for (int j = 0; j < DIGEST; j++) nodes[DIGEST * i + j] = digest[j];
        __syncthreads();
    }
}

/** Words: number, value (address), room, dtype, rows, columns. A block per subtree; its digest goes to the room's entry of that
 * number, bytes in the order of SHA-256. */
extern "C" __global__ void __launch_bounds__(THREADS) weftHashSubtrees(u8 *memory, const u32 *words)
{
    __shared__ u32 nodes[SUBTREE * DIGEST];
    const u8 *value = place<const u8>(memory, words + 1);
    const u32 rows = words[6], columns = words[7], perRow = (columns + 31) / 32;
    const u32 first = blockIdx.x * SUBTREE, leaves = rows * perRow;
    const u32 own = leaves - first < SUBTREE ? leaves - first : SUBTREE;
    for (u32 i = threadIdx.x; i < own; i += THREADS) {
        const u32 row = (first + i) / perRow, column = (first + i) % perRow * 32;
        u32 leaf[32];
        for (u32 j = 0; j < 32; j++)
            leaf[j] = column + j < columns ? reversed(leafWord(value, words[5], (i64)row * columns + column + j)) : 0;
        hashTagged(0, leaf, 32, nodes + DIGEST * i);
    }
    __syncthreads();
    for (u32 width = own; width > 1; width = (width + 1) / 2) foldLevel(nodes, width);
    if (threadIdx.x < DIGEST)
        place<u32>(memory, words + 3)[DIGEST * blockIdx.x + threadIdx.x] = reversed(nodes[threadIdx.x]);
}

/** Words: number, then for each value its room (address) and subtrees. A block per value; the root ends in the room's first entry. */
extern "C" __global__ void __launch_bounds__(THREADS) weftHashTops(u8 *memory, const u32 *words)
{
    const u32 *own = words + 1 + 3 * blockIdx.x;
    u32 *room = place<u32>(memory, own);
    const u32 subtrees = own[2];
    if (subtrees < 2) return;
    for (u32 i = threadIdx.x; i < subtrees * DIGEST; i += THREADS) room[i] = reversed(room[i]);
    __syncthreads();
    for (u32 width = subtrees; width > 1; width = (width + 1) / 2) foldLevel(room, width);
    if (threadIdx.x < DIGEST) room[threadIdx.x] = reversed(room[threadIdx.x]);
}
