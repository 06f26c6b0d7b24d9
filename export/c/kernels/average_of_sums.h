/* An average pool as large as the picture, from the sums of its channels; the output may lie over them. */
void k_average_of_sums(const k_pool_2d_op *op, const int32_t *sums, const k_pixels *ofm);
