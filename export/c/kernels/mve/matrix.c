/* Four sums of products of x with rows of weights, `step` bytes apart: of `depth` bytes, none beyond is read. */
static int32x4_t k_dots(const int8_t *x, const int8_t *w, int32_t step, int32_t depth)
{
    const int8_t *w1 = w + step;
    const int8_t *w2 = w1 + step;
    const int8_t *w3 = w2 + step;
    int32x4_t sums;
    int32_t sum0 = 0;
    int32_t sum1 = 0;
    int32_t sum2 = 0;
    int32_t sum3 = 0;
    __asm__("   wlstp.8     lr, %[depth], 2f\n"
            "1: vldrb.8     q0, [%[x]], #16\n"
            "   vldrb.8     q1, [%[w]], #16\n"
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
            : [sums] "=w"(sums), [x] "+r"(x), [w] "+r"(w), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3),
              [sum0] "+Te"(sum0), [sum1] "+Te"(sum1), [sum2] "+Te"(sum2), [sum3] "+Te"(sum3)
            : [depth] "r"(depth)
            : "q0", "q1", "lr", "memory");
    return sums;
}

/* Four outputs of n pixels from output o on, or, of the last few, one. */
static void k_outputs(const k_channels *to, const int8_t *w, int32_t depth, int32_t o, int32_t rows,
                      const k_meeting *at, int32_t n)
{
    const mve_pred16_t lanes = vctp32q((uint32_t)rows);
    const int32x4_t bias = vldrwq_z_s32(to->bias + o, lanes);
    const int32x4_t multiplier = vldrwq_z_s32(to->multiplier + o, lanes);
    const int32x4_t shift = vldrbq_z_s32(to->shift + o, lanes);
    const int32x4_t low = vdupq_n_s32(to->low);
    const int32x4_t high = vdupq_n_s32(to->high);
    const int32_t step = rows == 4 ? depth : 0;
    for (const k_meeting *end = at + n; at < end; at++) {
        const int32x4_t acc = vaddq_s32(k_dots(at->x, w, step, depth), bias);
        const int32x4_t out = vaddq_n_s32(k_scaled(to, acc, multiplier, shift), to->zero_point);
        const int32x4_t clamped = vmaxq_s32(vminq_s32(out, high), low);
        if (rows == 4) {
            vstrbq_s32(at->y + o, clamped);
        } else {
            at->y[o] = (int8_t)vgetq_lane_s32(clamped, 0);
        }
    }
}

static void k_matrix(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs,
                     const k_meeting at[K_BLOCK], int32_t n)
{
    int32_t o = 0;
    for (; o + 4 <= outputs; o += 4) {
        k_outputs(to, weights + o * depth, depth, o, 4, at, n);
    }
    for (; o < outputs; o++) {
        k_outputs(to, weights + o * depth, depth, o, 1, at, n);
    }
}
