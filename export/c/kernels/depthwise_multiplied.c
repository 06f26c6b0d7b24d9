void k_depthwise_multiplied(const k_depthwise_multiplied_op *op, const k_source *ifm, const k_pixels *ofm,
                            int32_t begin, int32_t end)
{
    const k_window *w = &op->window;
    const int32_t taps = w->size_h * w->size_w;
    const int8_t *read[K_MOST_TAPS];
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        int8_t *y = k_to(ofm, p);
        k_taps(w, ifm, p / w->ofm_w * w->stride_h - w->before_h, p % w->ofm_w * w->stride_w - w->before_w, NULL, read);
        for (int32_t k = 0; k < op->outputs; k++) {
            const int32_t c = ofm->backwards ? op->outputs - 1 - k : k;
            int32_t acc = op->to.bias[c];
            for (int32_t tap = 0; tap < taps; tap++) {
                const int32_t x = read[tap] != NULL ? read[tap][c / op->multiplier] : op->input_zero_point;
                acc += x * op->weights[tap * op->outputs + c];
            }
            y[c] = k_clamp(k_scale(acc, op->to.multiplier[c], op->to.shift[c]) + op->to.zero_point, op->to.low,
                           op->to.high);
        }
    }
}
