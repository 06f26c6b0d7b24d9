void k_mean(const k_mean_op *op, const k_source *ifm, const k_pixels *ofm);
