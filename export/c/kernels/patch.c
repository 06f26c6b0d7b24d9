/* What output pixel p reads, as bytes that follow one another: in the arena, or copied to `patch`, with the zero point
 * for what lies beside the picture (the bias holds -zero_point times every weight). */
static const int8_t *k_patch(const k_conv_2d_op *op, const k_source *ifm, int32_t p, int8_t *patch)
{
    const int8_t *taps[K_MOST_TAPS];
    const int32_t count = op->window.size_h * op->window.size_w;
    k_taps(&op->window, ifm, p, taps);
    if (count == 1) { /* its stride leaves no output beside the picture */
        return taps[0];
    }
    for (int32_t tap = 0; tap < count; tap++) {
        if (taps[tap] != NULL) {
            memcpy(patch + tap * op->inputs, taps[tap], (size_t)op->inputs);
        } else {
            memset(patch + tap * op->inputs, op->input_zero_point, (size_t)op->inputs);
        }
    }
    return patch;
}
