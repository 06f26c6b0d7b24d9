void k_mean(const k_mean_op *op, const k_source *ifm, const k_pixels *ofm)
{
    for (int32_t i = 0; i < op->outer; i++) {
        for (int32_t j = 0; j < op->inner; j++) {
            const int8_t *x = ifm->at + i * op->count * op->inner + j;
            int32_t sum = 0;
            for (int32_t k = 0; k < op->count; k++) {
                sum += x[k * op->inner];
            }
            ofm->at[i * op->inner + j] = k_mean_of(op, sum);
        }
    }
}
