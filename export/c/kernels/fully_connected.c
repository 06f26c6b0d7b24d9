void k_fully_connected(const k_fully_connected_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                       int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int8_t *x = ifm->at + p * op->inputs;
        int8_t *y = k_to(ofm, p);
        int32_t o = 0;
        for (; o + 4 <= op->outputs; o += 4) {
            int32_t acc[4];
            memcpy(acc, op->to.bias + o, sizeof acc);
            k_dot_4(x, op->weights + o * op->inputs, op->inputs, op->inputs, acc);
            for (int32_t j = 0; j < 4; j++) {
                y[o + j] = k_requantize(&op->to, o + j, acc[j]);
            }
        }
        for (; o < op->outputs; o++) {
            const int32_t acc = op->to.bias[o] + k_dot(x, op->weights + o * op->inputs, op->inputs);
            y[o] = k_requantize(&op->to, o, acc);
        }
    }
}
