void k_resize_nearest_neighbor(const k_resize_nearest_neighbor_op *op, const k_source *ifm, const k_pixels *ofm,
                               int32_t begin, int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int32_t from = op->rows[p / op->ofm_w] * op->ifm_w + op->cols[p % op->ofm_w];
        memcpy(k_to(ofm, p), k_from(ifm, from), (size_t)ofm->bytes);
    }
}
