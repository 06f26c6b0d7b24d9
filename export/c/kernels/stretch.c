/* Channels first to first + n - 1 of the pixel y whose taps lie `from` bytes after x: all is read before any is
 * written. */
static void k_stretch(const k_depthwise_conv_2d_op *op, const int8_t *const *x, int32_t from, int32_t first,
                      int32_t n, int8_t *y)
{
    const int32_t taps = op->window.size_h * op->window.size_w;
    int32_t acc[K_LANES] = {0};
    memcpy(acc, op->to.bias + first, (size_t)n * sizeof acc[0]);
    for (int32_t tap = 0; tap < taps; tap++) {
        const int8_t *w = op->weights + tap * op->outputs + first;
        if (n == K_LANES) {
            for (int32_t j = 0; j < K_LANES; j++) {
                acc[j] += x[tap][from + first + j] * w[j];
            }
        } else {
            for (int32_t j = 0; j < n; j++) {
                acc[j] += x[tap][from + first + j] * w[j];
            }
        }
    }
    k_requantize(&op->to, first, n, acc, y);
}
