void k_fully_connected(const k_fully_connected_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                       int32_t end)
{
    k_meeting at[K_BLOCK];
    int32_t n = 0;
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        at[n].x = ifm->at + p * op->inputs;
        at[n].y = k_to(ofm, p);
        n++;
        if (n == K_BLOCK || i == end - 1) {
            k_matrix(&op->to, op->weights, op->inputs, op->outputs, at, n);
            n = 0;
        }
    }
}
