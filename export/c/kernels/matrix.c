/* All outputs y of n pixels x of `depth` bytes, one row of weights for each output. */
static void k_matrix(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs,
                     const int8_t *const x[K_BLOCK], int8_t *const y[K_BLOCK], int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t o = 0;
        for (; o + 4 <= outputs; o += 4) {
            int32_t acc[4];
            memcpy(acc, to->bias + o, sizeof acc);
            k_dot_4(x[i], weights + o * depth, depth, depth, acc);
            k_requantize(to, o, 4, acc, y[i]);
        }
        for (; o < outputs; o++) {
            const int32_t acc = to->bias[o] + k_dot(x[i], weights + o * depth, depth);
            k_requantize(to, o, 1, &acc, y[i]);
        }
    }
}
