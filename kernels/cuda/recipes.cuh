// exp, log and tanh of spec/tensor.md §4.1, operation by operation; constants are the words of spec/vectors/tensor/recipes.json. A NaN
// that comes out is made canonical where it is stored.

#define HORNER(p, x, word) p = add(mul(p, x), asFloat(word))

__device__ inline float powerOfTwo(int n) { return asFloat((u32)(n + 127) << 23); }

__device__ inline float expRecipe(float x)
{
    if (isNan(asWord(x))) return x;
    if (x > asFloat(0x42b17218u)) return asFloat(0x7f800000u);
    if (x < asFloat(0xc2cff1b4u)) return 0.0f;
    const float magic = asFloat(0x4b400000u);
    const float n = sub(add(mul(x, asFloat(0x3fb8aa3bu)), magic), magic);
    float r = sub(x, mul(n, asFloat(0x3f317200u)));
    r = sub(r, mul(n, asFloat(0x35bfbe8eu)));
    float p = asFloat(0x39506967u);
    HORNER(p, r, 0x3ab743ceu);
    HORNER(p, r, 0x3c088908u);
    HORNER(p, r, 0x3d2aa9c1u);
    HORNER(p, r, 0x3e2aaaaau);
    HORNER(p, r, 0x3f000000u);
    p = add(add(mul(p, mul(r, r)), r), 1.0f);
    const int whole = __float2int_rn(n);
    const int half = whole >> 1;
    return mul(mul(p, powerOfTwo(half)), powerOfTwo(whole - half));
}

__device__ inline float logRecipe(float x)
{
    if (isNan(asWord(x)) || x < 0.0f) return asFloat(CANONICAL_NAN);
    if (x == 0.0f) return asFloat(0xff800000u);
    if (asWord(x) == 0x7f800000u) return x;
    int e = 0;
    if (asWord(x) < 0x00800000u) {
        x = mul(x, asFloat(0x4b000000u));
        e = -23;
    }
    const u32 word = asWord(x);
    e += (int)(word >> 23) - 126;
    float m = asFloat((word & 0x007fffffu) | 0x3f000000u);
    if (m < asFloat(0x3f3504f3u)) {
        e -= 1;
        m = add(m, m);
    }
    m = sub(m, 1.0f);
    const float z = mul(m, m);
    float p = asFloat(0x3d9021bbu);
    HORNER(p, m, 0xbdebd1b8u);
    HORNER(p, m, 0x3def251au);
    HORNER(p, m, 0xbdfe5d4fu);
    HORNER(p, m, 0x3e11e9bfu);
    HORNER(p, m, 0xbe2aae50u);
    HORNER(p, m, 0x3e4cceacu);
    HORNER(p, m, 0xbe7ffffcu);
    HORNER(p, m, 0x3eaaaaaau);
    p = mul(mul(p, m), z);
    const float exponent = __int2float_rn(e);
    p = add(p, mul(exponent, asFloat(0xb95e8083u)));
    p = add(p, mul(z, -0.5f));
    return add(add(m, p), mul(exponent, asFloat(0x3f318000u)));
}

__device__ inline float tanhRecipe(float x)
{
    if (isNan(asWord(x))) return x;
    const float a = asFloat(asWord(x) & 0x7fffffffu);
    if (a < 0.625f) {
        const float z = mul(x, x);
        float p = asFloat(0xbbbaf0eau);
        HORNER(p, z, 0x3ca9134eu);
        HORNER(p, z, 0xbd5c1e2du);
        HORNER(p, z, 0x3e088393u);
        HORNER(p, z, 0xbeaaaa99u);
        return add(mul(mul(p, z), x), x);
    }
    const float big = sub(1.0f, quotient(2.0f, add(expRecipe(add(a, a)), 1.0f)));
    return asFloat(asWord(big) | (asWord(x) & 0x80000000u));
}
