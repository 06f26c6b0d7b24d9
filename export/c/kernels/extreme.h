/* MAXIMUM, or MINIMUM where `least`. */
typedef struct {
    k_pairs pairs;
    int32_t least;
} k_extreme_op;

void k_extreme(const k_extreme_op *op, const k_source *a, const k_source *b, const k_pixels *ofm, int32_t begin,
               int32_t end);
