void k_average_pool_2d(const k_pool_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                       int32_t end);
