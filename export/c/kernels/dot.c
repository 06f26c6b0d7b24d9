/* The sum of x[k] * w[k]. */
static int32_t k_dot(const int8_t *restrict x, const int8_t *restrict w, int32_t n)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < n; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

/* Four sums of x with rows of weights, each n after the one before; apart by `row`. */
static void k_dot_4(const int8_t *restrict x, const int8_t *restrict w, int32_t row, int32_t n, int32_t acc[4])
{
    const int8_t *restrict w1 = w + row;
    const int8_t *restrict w2 = w1 + row;
    const int8_t *restrict w3 = w2 + row;
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
