void k_extreme(const k_extreme_op *op, const k_source *a, const k_source *b, const k_pixels *ofm, int32_t begin,
               int32_t end)
{
    const k_pairs *pairs = &op->pairs;
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int8_t *xa = k_from(a, p * pairs->a_pixels);
        const int8_t *xb = k_from(b, p * pairs->b_pixels);
        int8_t *y = k_to(ofm, p);
        for (int32_t k = 0; k < pairs->channels; k++) {
            const int32_t c = k_channel(pairs->channels, k, ofm->backwards);
            const int8_t va = xa[c * pairs->a_step];
            const int8_t vb = xb[c * pairs->b_step];
            y[c] = (va > vb) == (op->least == 0) ? va : vb;
        }
    }
}
