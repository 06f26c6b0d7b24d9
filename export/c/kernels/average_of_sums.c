void k_average_of_sums(const k_pool_2d_op *op, const int32_t *sums, const k_pixels *ofm)
{
    int8_t *y = k_to(ofm, 0);
    for (int32_t c = 0; c < op->channels; c++) {
        y[c] = k_clamp(k_average(sums[c], op->window.size_h * op->window.size_w), op->low, op->high);
    }
}
