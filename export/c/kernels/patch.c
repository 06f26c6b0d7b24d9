/* What output pixel p reads, as bytes that follow one another: in the arena, or copied to `patch`, with the zero point
 * for what lies beside the picture (the bias holds -zero_point times every weight). */
static const int8_t *k_patch(const k_conv_2d_op *op, const k_source *ifm, int32_t p, int8_t *patch)
{
    const k_window *w = &op->window;
    const int32_t top = p / w->ofm_w * w->stride_h - w->before_h;
    const int32_t left = p % w->ofm_w * w->stride_w - w->before_w;
    const int32_t count = w->size_h * w->size_w;
    int8_t *to = patch;
    if (count == 1) { /* it lies beside no picture */
        return k_from(ifm, top * w->ifm_w + left);
    }
    if (ifm->slots >= ifm->pixels && w->dilation_w == 1 && k_covers(w, top, left)) {
        const int32_t n = w->size_w * op->inputs;
        const int32_t next = w->dilation_h * w->ifm_w * op->inputs;
        const int8_t *from = ifm->at + (top * w->ifm_w + left) * op->inputs;
        for (int32_t ky = w->size_h; ky > 0; ky--) {
            k_bytes(to, from, n);
            to += n;
            from += ky > 1 ? next : 0;
        }
    } else {
        const int8_t *taps[K_MOST_TAPS];
        k_taps(w, ifm, top, left, NULL, taps);
        for (int32_t tap = 0; tap < count; tap++) {
            if (taps[tap] != NULL) {
                k_bytes(to, taps[tap], op->inputs);
            } else {
                memset(to, op->input_zero_point, (size_t)op->inputs);
            }
            to += op->inputs;
        }
    }
    return patch;
}
