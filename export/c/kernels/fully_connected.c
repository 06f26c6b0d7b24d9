void k_fully_connected(const k_fully_connected_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                       int32_t end)
{
    for (int32_t i = begin; i < end; i += K_BLOCK) {
        const int32_t n = end - i < K_BLOCK ? end - i : K_BLOCK;
        const int8_t *x[K_BLOCK];
        int8_t *y[K_BLOCK];
        for (int32_t j = 0; j < n; j++) {
            const int32_t p = k_walked(ofm, i + j);
            x[j] = ifm->at + p * op->inputs;
            y[j] = k_to(ofm, p);
        }
        k_matrix(&op->to, op->weights, op->inputs, op->outputs, x, y, n);
    }
}
