/* Output (y, x) is input (rows[y], cols[x]). */
typedef struct {
    const int16_t *rows;
    const int16_t *cols;
    int32_t ifm_w, ofm_w;
} k_resize_nearest_neighbor_op;

void k_resize_nearest_neighbor(const k_resize_nearest_neighbor_op *op, const k_source *ifm, const k_pixels *ofm,
                               int32_t begin, int32_t end);
