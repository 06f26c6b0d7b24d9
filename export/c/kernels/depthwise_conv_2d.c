void k_depthwise_conv_2d(const k_depthwise_conv_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                         int32_t end)
{
    const k_window *w = &op->window;
    const int whole = ifm->slots >= ifm->pixels;
    const int8_t *same[K_MOST_TAPS]; /* of windows inside a whole picture, which read the same, only elsewhere */
    const int8_t *other[K_MOST_TAPS];
    int8_t beside[K_MOST_CHANNELS];
    int32_t known = -1;
    int filled = 0;
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int32_t top = p / w->ofm_w * w->stride_h - w->before_h;
        const int32_t left = p % w->ofm_w * w->stride_w - w->before_w;
        const int32_t at = top * w->ifm_w + left;
        const int inside = k_covers(w, top, left);
        int8_t *y = k_to(ofm, p);
        if (inside && whole) {
            if (known < 0) {
                k_taps(w, ifm, top, left, NULL, same);
                known = at;
            }
            k_weigh(op, same, (at - known) * ifm->bytes, y, ofm->backwards);
            continue;
        }
        if (!inside && !filled) {
            memset(beside, op->input_zero_point, (size_t)op->outputs);
            filled = 1;
        }
        k_taps(w, ifm, top, left, beside, other);
        k_weigh(op, other, 0, y, ofm->backwards);
    }
}
