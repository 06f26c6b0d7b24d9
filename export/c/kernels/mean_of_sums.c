void k_mean_of_sums(const k_mean_op *op, const int32_t *sums, const k_pixels *ofm)
{
    int8_t *y = k_to(ofm, 0); /* of one pixel or more, they follow one another */
    for (int32_t c = 0; c < op->inner; c++) {
        y[c] = k_mean_of(op, sums[c]);
    }
}
