void k_depthwise_conv_2d(const k_depthwise_conv_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                         int32_t end)
{
    const int8_t *read[K_MOST_TAPS];
    int8_t beside[K_MOST_CHANNELS];
    int filled = 0;
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        int8_t *y = k_to(ofm, p);
        if (k_taps(&op->window, ifm, p, beside, read) && !filled) {
            memset(beside, op->input_zero_point, (size_t)op->outputs);
            filled = 1;
        }
        for (int32_t k = 0; k * K_LANES < op->outputs; k++) {
            int32_t n;
            const int32_t c = k_lanes(op->outputs, k, ofm->backwards, &n);
            k_weigh(op, read, c, n, y);
        }
    }
}
