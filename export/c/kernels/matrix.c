/* The sum of x[k] * w[k]. */
static int32_t k_dot(const int8_t *restrict x, const int8_t *restrict w, int32_t n)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < n; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

/* Four sums of x with rows of weights, each n after the one before. */
static void k_dot_4(const int8_t *restrict x, const int8_t *restrict w, int32_t n, int32_t acc[4])
{
    const int8_t *restrict w1 = w + n;
    const int8_t *restrict w2 = w1 + n;
    const int8_t *restrict w3 = w2 + n;
    int32_t sum0 = 0;
    int32_t sum1 = 0;
    int32_t sum2 = 0;
    int32_t sum3 = 0;
    for (int32_t k = 0; k < n; k++) {
        sum0 += x[k] * w[k];
        sum1 += x[k] * w1[k];
        sum2 += x[k] * w2[k];
        sum3 += x[k] * w3[k];
    }
    acc[0] += sum0;
    acc[1] += sum1;
    acc[2] += sum2;
    acc[3] += sum3;
}

/* All outputs of n pixels with `depth` inputs, one row of weights for each output. */
static void k_matrix(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs,
                     const k_meeting at[K_BLOCK], int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t o = 0;
        for (; o + 4 <= outputs; o += 4) {
            int32_t acc[4];
            memcpy(acc, to->bias + o, sizeof acc);
            k_dot_4(at[i].x, weights + o * depth, depth, acc);
            k_requantize(to, o, 4, acc, at[i].y);
        }
        for (; o < outputs; o++) {
            const int32_t acc = to->bias[o] + k_dot(at[i].x, weights + o * depth, depth);
            k_requantize(to, o, 1, &acc, at[i].y);
        }
    }
}
