/* Channels first to first + n - 1 of the pixel y whose taps lie `from` bytes after x: all is read before any is
 * written. */
static void k_stretch(const k_depthwise_conv_2d_op *op, const int8_t *const *x, int32_t from, int32_t first,
                      int32_t n, int8_t *y)
{
    const int32_t taps = op->window.size_h * op->window.size_w;
    const int32_t step = op->outputs;
    int32_t sums[K_LANES];
    int32_t j = 0;
    for (; j + 4 <= n; j += 4) {
        const int32_t c = first + j;
        const int8_t *w = op->weights + c;
        const int32_t *bias = op->to.bias + c;
        int32_t sum0 = bias[0];
        int32_t sum1 = bias[1];
        int32_t sum2 = bias[2];
        int32_t sum3 = bias[3];
        for (int32_t tap = 0; tap < taps; tap++) {
            uint32_t v;
            uint32_t u;
            memcpy(&v, x[tap] + from + c, sizeof v);
            memcpy(&u, w, sizeof u);
            sum0 = __smlabb(k_even(v), k_even(u), sum0);
            sum2 = __smlatt(k_even(v), k_even(u), sum2);
            sum1 = __smlabb(k_odd(v), k_odd(u), sum1);
            sum3 = __smlatt(k_odd(v), k_odd(u), sum3);
            w += step;
        }
        sums[j] = sum0;
        sums[j + 1] = sum1;
        sums[j + 2] = sum2;
        sums[j + 3] = sum3;
    }
    for (; j < n; j++) {
        const int32_t c = first + j;
        sums[j] = op->to.bias[c];
        for (int32_t tap = 0; tap < taps; tap++) {
            sums[j] += x[tap][from + c] * op->weights[tap * step + c];
        }
    }
    k_requantize(&op->to, first, n, sums, y);
}
