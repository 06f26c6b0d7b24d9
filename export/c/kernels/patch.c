/* What output pixel p reads, as bytes that follow one another: in the arena, or copied to `patch`, with the zero point
 * for what lies beside the picture (the bias holds -zero_point times every weight). */
static const int8_t *k_patch(const k_conv_2d_op *op, const k_source *ifm, int32_t p, int8_t *patch)
{
    const k_window *w = &op->window;
    const int32_t n = op->inputs;
    const int32_t top = p / w->ofm_w * w->stride_h - w->before_h;
    const int32_t left = p % w->ofm_w * w->stride_w - w->before_w;
    const int32_t right = left + (w->size_w - 1) * w->dilation_w;
    int8_t *to = patch;
    if (w->size_h == 1 && w->size_w == 1) { /* it lies beside no picture */
        return k_from(ifm, top * w->ifm_w + left);
    }
    for (int32_t ky = 0; ky < w->size_h; ky++) {
        const int32_t y = top + ky * w->dilation_h;
        const int inside = y >= 0 && y < w->ifm_h;
        if (inside && left >= 0 && right < w->ifm_w) {
            const int8_t *from = k_from(ifm, y * w->ifm_w + left);
            if (k_from(ifm, y * w->ifm_w + right) - from == (w->size_w - 1) * n) { /* nor is it dilated */
                k_bytes(to, from, w->size_w * n);
                to += w->size_w * n;
                continue;
            }
        }
        for (int32_t x = left; x <= right; x += w->dilation_w) {
            if (inside && x >= 0 && x < w->ifm_w) {
                k_bytes(to, k_from(ifm, y * w->ifm_w + x), n);
            } else {
                memset(to, op->input_zero_point, (size_t)n);
            }
            to += n;
        }
    }
    return patch;
}
