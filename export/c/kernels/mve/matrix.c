/* Four sums of products of x with rows of weights, `step` bytes apart: of `depth` bytes, none beyond is read. */
static inline int32x4_t k_dots(const int8_t *x, const int8_t *w, int32_t step, int32_t depth)
{
    const int8_t *w0;
    const int8_t *w1;
    const int8_t *w2;
    const int8_t *w3;
    int32x4_t sums;
    int32_t sum0;
    int32_t sum1;
    int32_t sum2;
    int32_t sum3;
    __asm__("   mov         %[w0], %[w]\n"
            "   add         %[w1], %[w], %[step]\n"
            "   add         %[w2], %[w1], %[step]\n"
            "   add         %[w3], %[w2], %[step]\n"
            "   mov         %[sum0], #0\n"
            "   mov         %[sum1], #0\n"
            "   mov         %[sum2], #0\n"
            "   mov         %[sum3], #0\n"
            "   wlstp.8     lr, %[depth], 2f\n"
            "1: vldrb.8     q0, [%[x]], #16\n"
            "   vldrb.8     q1, [%[w0]], #16\n"
            "   vmladava.s8 %[sum0], q0, q1\n"
            "   vldrb.8     q1, [%[w1]], #16\n"
            "   vmladava.s8 %[sum1], q0, q1\n"
            "   vldrb.8     q1, [%[w2]], #16\n"
            "   vmladava.s8 %[sum2], q0, q1\n"
            "   vldrb.8     q1, [%[w3]], #16\n"
            "   vmladava.s8 %[sum3], q0, q1\n"
            "   letp        lr, 1b\n"
            "2: vmov        %e[sums], %[sum0], %[sum1]\n"
            "   vmov        %f[sums], %[sum2], %[sum3]\n"
            : [sums] "=w"(sums), [x] "+r"(x), [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2), [w3] "=&r"(w3),
              [sum0] "=&Te"(sum0), [sum1] "=&Te"(sum1), [sum2] "=&Te"(sum2), [sum3] "=&Te"(sum3)
            : [w] "r"(w), [step] "r"(step), [depth] "r"(depth)
            : "q0", "q1", "lr", "memory");
    return sums;
}

/* Outputs o to o + 3 of n pixels of a `simple` layer. */
static inline void k_four(const k_channels *to, const int8_t *w, int32_t depth, int32_t o, const k_meeting *at,
                          int32_t n)
{
    const int32x4_t bias = vldrwq_s32(to->bias + o);
    const int32x4_t multiplier = vldrwq_s32(to->multiplier + o);
    const int32x4_t shift = vldrbq_s32(to->shift + o);
    const k_meeting *const end = at + n;
    do {
        const int32x4_t sums = k_dots(at->x, w, depth, depth);
        vstrbq_s32(at->y + o, k_simple(vaddq_s32(sums, bias), multiplier, shift));
        at++;
    } while (at < end);
}

/* All outputs of n pixels with `depth` inputs, one row of weights for each output. */
static void k_matrix(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs,
                     const k_meeting at[K_BLOCK], int32_t n)
{
    const int32_t simple = to->simple ? outputs - outputs % 4 : 0;
    int32_t o = 0;
    int32_t rows;
    for (; o < simple; o += 4) {
        k_four(to, weights, depth, o, at, n);
        weights += 4 * depth;
    }
    for (; o < outputs; o += rows) {
        rows = outputs - o >= 4 ? 4 : 1;
        for (int32_t i = 0; i < n; i++) {
            k_requantize(to, o, rows, k_dots(at[i].x, weights, rows == 4 ? depth : 0, depth), at[i].y + o);
        }
        weights += rows * depth;
    }
}
