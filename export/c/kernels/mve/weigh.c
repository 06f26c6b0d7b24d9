static inline int8x16_t k_some(const int8_t *x, int32_t n)
{
    return n == K_LANES ? vldrbq_s8(x) : vldrbq_z_s8(x, vctp8q((uint32_t)n));
}

/* Sums of n channels: that of channel c is lane c / 4 of sum[c % 4]. */
static inline void k_sums_of_taps(const k_depthwise_conv_2d_op *op, const int8_t *const *x, int32_t first, int32_t n,
                                  int32x4_t sum[4])
{
    const int32_t step = op->outputs;
    const int8_t *const *end = x + op->window.size_h * op->window.size_w;
    const int8_t *w = op->weights + first;
    int8x16_t v = k_some(*x++ + first, n);
    int8x16_t u = k_some(w, n);
    int16x8_t even = vmullbq_int_s8(v, u);
    int16x8_t odd = vmulltq_int_s8(v, u);
    w += step;
    sum[0] = vmovlbq_s16(even);
    sum[1] = vmovlbq_s16(odd);
    sum[2] = vmovltq_s16(even);
    sum[3] = vmovltq_s16(odd);
    while (x < end) {
        v = k_some(*x++ + first, n);
        u = k_some(w, n);
        w += step;
        even = vmullbq_int_s8(v, u);
        odd = vmulltq_int_s8(v, u);
        if (x < end) { /* two products fit 16 bits, for no weight is -128 */
            v = k_some(*x++ + first, n);
            u = k_some(w, n);
            w += step;
            even = vaddq_s16(even, vmullbq_int_s8(v, u));
            odd = vaddq_s16(odd, vmulltq_int_s8(v, u));
        }
        sum[0] = vaddq_s32(sum[0], vmovlbq_s16(even));
        sum[1] = vaddq_s32(sum[1], vmovlbq_s16(odd));
        sum[2] = vaddq_s32(sum[2], vmovltq_s16(even));
        sum[3] = vaddq_s32(sum[3], vmovltq_s16(odd));
    }
}

/* Every fourth channel from c on. */
static inline int32x4_t k_fourth(const k_channels *to, int32_t c, int32x4_t sum, int32x4_t bias, int32x4_t multiplier)
{
    const uint32x4_t fours = vshlq_n_u32(vidupq_n_u32(0, 1), 2);
    return k_scaled(to, vaddq_s32(sum, bias), multiplier, vldrbq_gather_offset_s32(to->shift + c, fours));
}

static void k_weigh(const k_depthwise_conv_2d_op *op, const int8_t *const x[K_MOST_TAPS], int32_t first, int32_t n,
                    int8_t *y)
{
    const k_channels *to = &op->to;
    int32x4_t sum[4];
    if (n == K_LANES) {
        const int32x4x4_t bias = vld4q_s32(to->bias + first);
        const int32x4x4_t multiplier = vld4q_s32(to->multiplier + first);
        int16x8_t even = vdupq_n_s16(0);
        int16x8_t odd = even;
        int8x16_t out = vdupq_n_s8(0);
        k_sums_of_taps(op, x, first, K_LANES, sum);
        sum[0] = k_fourth(to, first, sum[0], bias.val[0], multiplier.val[0]);
        sum[1] = k_fourth(to, first + 1, sum[1], bias.val[1], multiplier.val[1]);
        sum[2] = k_fourth(to, first + 2, sum[2], bias.val[2], multiplier.val[2]);
        sum[3] = k_fourth(to, first + 3, sum[3], bias.val[3], multiplier.val[3]);
        even = vqaddq_n_s16(vqmovntq_s32(vqmovnbq_s32(even, sum[0]), sum[2]), (int16_t)to->zero_point);
        odd = vqaddq_n_s16(vqmovntq_s32(vqmovnbq_s32(odd, sum[1]), sum[3]), (int16_t)to->zero_point);
        out = vqmovntq_s16(vqmovnbq_s16(out, even), odd);
        out = vmaxq_s8(vminq_s8(out, vdupq_n_s8((int8_t)to->high)), vdupq_n_s8((int8_t)to->low));
        vstrbq_s8(y + first, out);
    } else {
        int32_t sums[K_LANES];
        int32x4x4_t all;
        k_sums_of_taps(op, x, first, n, sum);
        memcpy(all.val, sum, sizeof all.val);
        vst4q_s32(sums, all);
        for (int32_t j = 0; j < n; j += 4) {
            const int32_t c = first + j;
            const mve_pred16_t some = vctp32q((uint32_t)(n - j));
            const int32x4_t acc = vaddq_s32(vldrwq_s32(sums + j), vldrwq_z_s32(to->bias + c, some));
            const int32x4_t multiplier = vldrwq_z_s32(to->multiplier + c, some);
            const int32x4_t scaled = k_scaled(to, acc, multiplier, vldrbq_z_s32(to->shift + c, some));
            const int32x4_t out = vaddq_n_s32(scaled, to->zero_point);
            vstrbq_p_s32(y + c, vmaxq_s32(vminq_s32(out, vdupq_n_s32(to->high)), vdupq_n_s32(to->low)), some);
        }
    }
}
