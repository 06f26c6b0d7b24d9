/* From the sums of a picture's channels; the output may lie over them. */
void k_mean_of_sums(const k_mean_op *op, const int32_t *sums, const k_pixels *ofm);
