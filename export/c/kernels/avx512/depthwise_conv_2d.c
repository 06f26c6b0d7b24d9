/* Channels that are computed at a time, and taps. All are read before one is written, so that an output may lie over its
 * input: channels go upwards in a walk forwards, downwards in one backwards. */
#define K_CHANNELS 64
#define K_TAPS 4
#define K_GROUPS ((K_MOST_CHANNELS + K_CHANNELS - 1) / K_CHANNELS)
#define K_FOURS ((K_MOST_TAPS + K_TAPS - 1) / K_TAPS)

/* Weights of up to four taps, in the order of k_four_taps; and the biases, less 128 times every weight. */
typedef struct {
    __m512i weights[K_GROUPS * K_FOURS * 4];
    __m512i bias[K_GROUPS * 4];
} k_woven;

/* Four taps of 64 channels side by side: in q[i], of every 128 bits of channels, the 4 from 4 * i on. */
K_INLINE void k_four_taps(__m512i a, __m512i b, __m512i c, __m512i d, __m512i q[4])
{
    const __m512i ab = _mm512_unpacklo_epi8(a, b);
    const __m512i AB = _mm512_unpackhi_epi8(a, b);
    const __m512i cd = _mm512_unpacklo_epi8(c, d);
    const __m512i CD = _mm512_unpackhi_epi8(c, d);
    q[0] = _mm512_unpacklo_epi16(ab, cd);
    q[1] = _mm512_unpackhi_epi16(ab, cd);
    q[2] = _mm512_unpacklo_epi16(AB, CD);
    q[3] = _mm512_unpackhi_epi16(AB, CD);
}

static void k_weave(const k_depthwise_conv_2d_op *op, k_woven *woven)
{
    const int32_t taps = op->window.size_h * op->window.size_w;
    const __m512i zero = _mm512_setzero_si512();
    __m512i *to = woven->weights;
    for (int32_t first = 0; first < op->outputs; first += K_CHANNELS) {
        const __mmask64 there = k_of_64(op->outputs - first);
        __m512i sums[4] = {zero, zero, zero, zero};
        for (int32_t tap = 0; tap < taps; tap += K_TAPS, to += 4) {
            __m512i w[K_TAPS];
            for (int32_t j = 0; j < K_TAPS; j++) {
                const int8_t *at = op->weights + (tap + j) * op->outputs + first;
                w[j] = tap + j < taps ? _mm512_maskz_loadu_epi8(there, at) : zero;
            }
            k_four_taps(w[0], w[1], w[2], w[3], to);
            for (int32_t i = 0; i < 4; i++) {
                sums[i] = _mm512_dpbusd_epi32(sums[i], _mm512_set1_epi8(-128), to[i]);
            }
        }
        k_in_order(sums);
        for (int32_t i = 0; i < 4; i++) {
            const int32_t c = first + 16 * i;
            const __m512i bias = _mm512_maskz_loadu_epi32(k_of_16(op->outputs - c), op->to.bias + c);
            woven->bias[c / 16] = _mm512_sub_epi32(bias, sums[i]);
        }
    }
}

/* Channels from `first` on, of which n are left. Inputs count as unsigned bytes, each 128 more than it is. */
K_INLINE void k_weigh(const k_depthwise_conv_2d_op *op, const k_woven *woven, const int8_t *const x[K_MOST_TAPS],
                      const int32_t taps, int32_t first, const int32_t n, int8_t *y)
{
    const __m512i *w = woven->weights + first / K_CHANNELS * ((taps + K_TAPS - 1) / K_TAPS * 4);
    const __m512i zero = _mm512_setzero_si512();
    __m512i acc[4] = {zero, zero, zero, zero};
    __m128i out[4] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
#pragma GCC unroll 3
    for (int32_t tap = 0; tap < taps; tap += K_TAPS, w += 4) {
        __m512i q[K_TAPS];
#pragma GCC unroll 4
        for (int32_t j = 0; j < K_TAPS; j++) { /* the weights of missing ones are 0 */
            const int8_t *at = x[tap + j < taps ? tap + j : tap] + first;
            q[j] = _mm512_xor_si512(_mm512_maskz_loadu_epi8(k_of_64(n), at), _mm512_set1_epi8(-128));
        }
        k_four_taps(q[0], q[1], q[2], q[3], q);
#pragma GCC unroll 4
        for (int32_t i = 0; i < 4; i++) {
            acc[i] = _mm512_dpbusd_epi32(acc[i], q[i], w[i]);
        }
    }
    k_in_order(acc);
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        if (16 * i < n) {
            const int32_t c = first + 16 * i;
            const k_scales s = k_scales_of(&op->to, c, k_of_16(n - 16 * i));
            out[i] = k_outputs(&op->to, &s, _mm512_add_epi32(acc[i], woven->bias[c / 16]));
        }
    }
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        if (16 * i < n) {
            _mm_mask_storeu_epi8(y + first + 16 * i, k_of_16(n - 16 * i), out[i]);
        }
    }
}

K_INLINE void k_group(const k_depthwise_conv_2d_op *op, const k_woven *woven, const int8_t *const x[K_MOST_TAPS],
                      const int32_t taps, int32_t first, int8_t *y)
{
    const int32_t n = op->outputs - first;
    if (n >= K_CHANNELS) {
        k_weigh(op, woven, x, taps, first, K_CHANNELS, y);
    } else if (n == K_CHANNELS / 2) {
        k_weigh(op, woven, x, taps, first, K_CHANNELS / 2, y);
    } else {
        k_weigh(op, woven, x, taps, first, n, y);
    }
}

void k_depthwise_conv_2d(const k_depthwise_conv_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                         int32_t end)
{
    const k_window *w = &op->window;
    const int32_t taps = w->size_h * w->size_w;
    const int32_t groups = (op->outputs + K_CHANNELS - 1) / K_CHANNELS;
    const int8_t *read[K_MOST_TAPS];
    int8_t beside[K_MOST_CHANNELS];
    k_woven woven;
    memset(beside, op->input_zero_point, (size_t)op->outputs);
    k_weave(op, &woven);
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        int8_t *y = k_to(ofm, p);
        k_taps(w, ifm, p / w->ofm_w * w->stride_h - w->before_h, p % w->ofm_w * w->stride_w - w->before_w, beside,
               read);
        for (int32_t k = 0; k < groups; k++) {
            const int32_t first = (ofm->backwards ? groups - 1 - k : k) * K_CHANNELS;
            if (taps == 9) {
                k_group(op, &woven, read, 9, first, y);
            } else {
                k_group(op, &woven, read, taps, first, y);
            }
        }
    }
}
