/* acc[j] += x of channel first + j times its weight. */
static void k_tap(const k_depthwise_conv_2d_op *op, const int8_t *x, const int8_t *w, int32_t first, int32_t n,
                  int32_t acc[K_LANES])
{
    if (x == NULL) { /* beside the picture; the bias holds -zero_point times every weight */
        for (int32_t j = 0; j < n; j++) {
            acc[j] += op->input_zero_point * w[j];
        }
    } else if (op->multiplier > 1) {
        for (int32_t j = 0; j < n; j++) {
            acc[j] += x[(first + j) / op->multiplier] * w[j];
        }
    } else if (n == K_LANES) {
        for (int32_t j = 0; j < K_LANES; j++) {
            acc[j] += x[first + j] * w[j];
        }
    } else {
        for (int32_t j = 0; j < n; j++) {
            acc[j] += x[first + j] * w[j];
        }
    }
}

/* Channels first to first + n - 1 of the pixel y whose taps are x: all is read before any is written. */
static void k_weigh(const k_depthwise_conv_2d_op *op, const int8_t *const x[K_MOST_TAPS], int32_t first, int32_t n,
                    int8_t *y)
{
    const int32_t taps = op->window.size_h * op->window.size_w;
    int32_t acc[K_LANES] = {0};
    memcpy(acc, op->to.bias + first, (size_t)n * sizeof acc[0]);
    for (int32_t tap = 0; tap < taps; tap++) {
        k_tap(op, x[tap], op->weights + tap * op->outputs + first, first, n, acc);
    }
    k_requantize(&op->to, first, n, acc, y);
}
