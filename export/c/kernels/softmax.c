#define K_SUM_BITS 12
#define K_48_OVER_17 1515870810 /* in Q2.29 */
#define K_MINUS_32_OVER_17 (-1010580540)

/* a * b / 2**31, to nearest, ties up. */
static int32_t k_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* 1 / (1 + x) in Q0.31 for x in Q0.31, by three Newton steps. */
static int32_t k_reciprocal_of_one_and(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + (INT64_C(1) << 31)) >> 1);
    int64_t y = K_48_OVER_17 + (int64_t)k_high(half, K_MINUS_32_OVER_17);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - k_high(half, (int32_t)y);
        int64_t more = (int64_t)k_high((int32_t)y, error) * 4;
        more = more > INT32_MAX ? INT32_MAX : more;
        more = more < INT32_MIN ? INT32_MIN : more;
        y += more;
    }
    return y * 2 > INT32_MAX ? INT32_MAX : (int32_t)(y * 2);
}

/* One row of n elements: its exponentials over their sum, in 1/256 above -128. */
static void k_softmax_row(const int32_t *exps, const int8_t *x, int8_t *y, int32_t n)
{
    int32_t most = x[0];
    int32_t sum = 0; /* in Q12.19 */
    int32_t headroom = 0;
    for (int32_t c = 1; c < n; c++) {
        most = x[c] > most ? x[c] : most;
    }
    for (int32_t c = 0; c < n; c++) {
        const int32_t e = exps[most - x[c]];
        sum += ((e >> (K_SUM_BITS - 1)) + 1) >> 1;
    }
    while (headroom < 31 && ((uint32_t)sum << headroom) < UINT32_C(0x80000000)) {
        headroom++;
    }
    {
        const int32_t above_one = (int32_t)(((uint32_t)sum << headroom) - UINT32_C(0x80000000));
        const int32_t inverse = k_reciprocal_of_one_and(above_one);
        const int32_t shift = K_SUM_BITS - headroom + 31 - 8;
        for (int32_t c = 0; c < n; c++) {
            const int32_t share = k_high(exps[most - x[c]], inverse);
            const int32_t rounded = shift > 31 ? 0 : ((share >> (shift - 1)) + 1) >> 1;
            y[c] = (int8_t)(rounded > 255 ? 127 : rounded - 128);
        }
    }
}

void k_softmax(const k_softmax_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        k_softmax_row(op->exps, k_from(ifm, p), k_to(ofm, p), ofm->bytes);
    }
}
