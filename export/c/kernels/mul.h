typedef struct {
    k_pairs pairs;
    int32_t a_zero_point, b_zero_point;
    int32_t multiplier, shift, zero_point, low, high;
} k_mul_op;

void k_mul(const k_mul_op *op, const k_source *a, const k_source *b, const k_pixels *ofm, int32_t begin,
           int32_t end);
