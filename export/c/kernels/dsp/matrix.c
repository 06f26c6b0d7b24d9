#define K_TOGETHER 4 /* pixels whose inputs are widened, to meet each weight in turn */
#define K_WIDE_DEPTH (K_MOST_DEPTH < 1024 ? K_MOST_DEPTH : 1024) /* where there are no more than these */

/* The last n < 4 bytes of a row. */
static uint32_t k_rest(const int8_t *at, int32_t n)
{
    uint32_t word = 0;
    for (int32_t k = 0; k < n; k++) {
        word |= (uint32_t)(uint8_t)at[k] << (8 * k);
    }
    return word;
}

/* Words of the pixels in turn, each as its even and its odd bytes. */
static void k_widen(const k_meeting *at, int32_t depth, int16x2_t *wide)
{
    for (int32_t i = 0; i < K_TOGETHER; i++) {
        const int8_t *x = at[i].x;
        int16x2_t *to = wide + 2 * i;
        for (int32_t k = depth; k > 0; k -= 4) {
            uint32_t word;
            if (k >= 4) {
                memcpy(&word, x, sizeof word);
            } else {
                word = k_rest(x, k);
            }
            to[0] = k_even(word);
            to[1] = k_odd(word);
            to += 2 * K_TOGETHER;
            x += 4;
        }
    }
}

static void k_together(const k_channels *to, const int8_t *w, int32_t depth, int32_t outputs, const k_meeting *at)
{
    int16x2_t wide[2 * K_TOGETHER * ((K_WIDE_DEPTH + 3) / 4)];
    const int32_t rest = depth % 4;
    k_widen(at, depth, wide);
    for (int32_t o = 0; o < outputs; o++) {
        const int8_t *end = w + (depth - rest);
        const int16x2_t *x = wide;
        int32_t sum0 = to->bias[o];
        int32_t sum1 = sum0;
        int32_t sum2 = sum0;
        int32_t sum3 = sum0;
        if (w < end) {
            int32_t even;
            int32_t odd;
            int32_t v;
            int32_t u;
            __asm__("1: ldr    %[odd], [%[w]], #4\n"
                    "   ldrd   %[v], %[u], [%[x]], #8\n"
                    "   sxtb16 %[even], %[odd]\n"
                    "   sxtb16 %[odd], %[odd], ror #8\n"
                    "   smlad  %[sum0], %[even], %[v], %[sum0]\n"
                    "   smlad  %[sum0], %[odd], %[u], %[sum0]\n"
                    "   ldrd   %[v], %[u], [%[x]], #8\n"
                    "   smlad  %[sum1], %[even], %[v], %[sum1]\n"
                    "   smlad  %[sum1], %[odd], %[u], %[sum1]\n"
                    "   ldrd   %[v], %[u], [%[x]], #8\n"
                    "   smlad  %[sum2], %[even], %[v], %[sum2]\n"
                    "   smlad  %[sum2], %[odd], %[u], %[sum2]\n"
                    "   ldrd   %[v], %[u], [%[x]], #8\n"
                    "   smlad  %[sum3], %[even], %[v], %[sum3]\n"
                    "   smlad  %[sum3], %[odd], %[u], %[sum3]\n"
                    "   cmp    %[w], %[end]\n"
                    "   bne    1b\n"
                    : [w] "+r"(w), [x] "+r"(x), [sum0] "+r"(sum0), [sum1] "+r"(sum1), [sum2] "+r"(sum2),
                      [sum3] "+r"(sum3), [even] "=&r"(even), [odd] "=&r"(odd), [v] "=&r"(v), [u] "=&r"(u)
                    : [end] "r"(end)
                    : "cc", "memory");
        }
        if (rest > 0) {
            const uint32_t word = k_rest(w, rest);
            sum0 = __smlad(k_odd(word), x[1], __smlad(k_even(word), x[0], sum0));
            sum1 = __smlad(k_odd(word), x[3], __smlad(k_even(word), x[2], sum1));
            sum2 = __smlad(k_odd(word), x[5], __smlad(k_even(word), x[4], sum2));
            sum3 = __smlad(k_odd(word), x[7], __smlad(k_even(word), x[6], sum3));
            w += rest;
        }
        if (to->simple) {
            const int32_t multiplier = to->multiplier[o];
            const int32_t right = -to->shift[o];
            const int32_t zero_point = to->zero_point;
            at[0].y[o] = k_simple(sum0, multiplier, right, zero_point);
            at[1].y[o] = k_simple(sum1, multiplier, right, zero_point);
            at[2].y[o] = k_simple(sum2, multiplier, right, zero_point);
            at[3].y[o] = k_simple(sum3, multiplier, right, zero_point);
        } else {
            const int32_t sums[K_TOGETHER] = {sum0, sum1, sum2, sum3};
            for (int32_t i = 0; i < K_TOGETHER; i++) {
                k_requantize(to, o, 1, sums + i, at[i].y);
            }
        }
    }
}

#define K_ROWS 4 /* of weights, that one pixel meets at a time */

/* sum += x with rows of weights that are `step` bytes apart. */
static void k_rows(const int8_t *x, const int8_t *w, int32_t step, int32_t depth, int32_t sum[K_ROWS])
{
    const int8_t *w2 = w + 2 * step;
    const int32_t rest = depth % 4;
    const int8_t *const end = x + (depth - rest);
    int32_t sum0 = sum[0];
    int32_t sum1 = sum[1];
    int32_t sum2 = sum[2];
    int32_t sum3 = sum[3];
    if (x < end) {
        int32_t even;
        int32_t odd;
        int32_t v;
        int32_t u;
        __asm__("1: ldr    %[odd], [%[x]], #4\n"
                "   ldr    %[v], [%[w], %[step]]\n"
                "   sxtb16 %[even], %[odd]\n"
                "   sxtb16 %[odd], %[odd], ror #8\n"
                "   sxtb16 %[u], %[v]\n"
                "   sxtb16 %[v], %[v], ror #8\n"
                "   smlad  %[sum1], %[even], %[u], %[sum1]\n"
                "   smlad  %[sum1], %[odd], %[v], %[sum1]\n"
                "   ldr    %[v], [%[w]], #4\n"
                "   sxtb16 %[u], %[v]\n"
                "   sxtb16 %[v], %[v], ror #8\n"
                "   smlad  %[sum0], %[even], %[u], %[sum0]\n"
                "   smlad  %[sum0], %[odd], %[v], %[sum0]\n"
                "   ldr    %[v], [%[w2], %[step]]\n"
                "   sxtb16 %[u], %[v]\n"
                "   sxtb16 %[v], %[v], ror #8\n"
                "   smlad  %[sum3], %[even], %[u], %[sum3]\n"
                "   smlad  %[sum3], %[odd], %[v], %[sum3]\n"
                "   ldr    %[v], [%[w2]], #4\n"
                "   sxtb16 %[u], %[v]\n"
                "   sxtb16 %[v], %[v], ror #8\n"
                "   smlad  %[sum2], %[even], %[u], %[sum2]\n"
                "   smlad  %[sum2], %[odd], %[v], %[sum2]\n"
                "   cmp    %[x], %[end]\n"
                "   bne    1b\n"
                : [w] "+r"(w), [w2] "+r"(w2), [x] "+r"(x), [sum0] "+r"(sum0), [sum1] "+r"(sum1), [sum2] "+r"(sum2),
                  [sum3] "+r"(sum3), [even] "=&r"(even), [odd] "=&r"(odd), [v] "=&r"(v), [u] "=&r"(u)
                : [end] "r"(end), [step] "r"(step)
                : "cc", "memory");
    }
    for (int32_t k = 0; k < rest; k++) {
        sum0 += x[k] * w[k];
        sum1 += x[k] * w[step + k];
        sum2 += x[k] * w2[k];
        sum3 += x[k] * w2[step + k];
    }
    sum[0] = sum0;
    sum[1] = sum1;
    sum[2] = sum2;
    sum[3] = sum3;
}

static void k_alone(const k_channels *to, const int8_t *w, int32_t depth, int32_t outputs, const k_meeting *at)
{
    int32_t rows = K_ROWS;
    for (int32_t o = 0; o < outputs; o += rows) {
        int32_t sum[K_ROWS] = {0};
        rows = outputs - o >= K_ROWS ? K_ROWS : 1;
        memcpy(sum, to->bias + o, (size_t)rows * sizeof sum[0]);
        k_rows(at->x, w, rows == K_ROWS ? depth : 0, depth, sum);
        k_requantize(to, o, rows, sum, at->y);
        w += rows * depth;
    }
}

/* All outputs of n pixels with `depth` inputs, one row of weights for each output. */
static void k_matrix(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs,
                     const k_meeting at[K_BLOCK], int32_t n)
{
    int32_t i = 0;
    for (; i + K_TOGETHER <= n && depth <= K_WIDE_DEPTH; i += K_TOGETHER) {
        k_together(to, weights, depth, outputs, at + i);
    }
    for (; i < n; i++) {
        k_alone(to, weights, depth, outputs, at + i);
    }
}
