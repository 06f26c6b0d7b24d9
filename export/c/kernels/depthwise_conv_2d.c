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

void k_depthwise_conv_2d(const k_depthwise_conv_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                         int32_t end)
{
    const int32_t taps = op->window.size_h * op->window.size_w;
    const int8_t *read[K_MOST_TAPS];
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        int8_t *y = k_to(ofm, p);
        k_taps(&op->window, ifm, p, read);
        for (int32_t k = 0; k * K_LANES < op->outputs; k++) {
            int32_t n;
            const int32_t c = k_lanes(op->outputs, k, ofm->backwards, &n);
            int32_t acc[K_LANES] = {0};
            memcpy(acc, op->to.bias + c, (size_t)n * sizeof acc[0]);
            for (int32_t tap = 0; tap < taps; tap++) {
                k_tap(op, read[tap], op->weights + tap * op->outputs + c, c, n, acc);
            }
            for (int32_t j = 0; j < n; j++) {
                y[c + j] = k_requantize(&op->to, c + j, acc[j]);
            }
        }
    }
}
