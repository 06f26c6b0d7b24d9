/* ADD and SUB: both inputs on one scale with 20 more bits, SUB with sign -1. */
typedef struct {
    k_pairs pairs;
    int32_t a_zero_point, a_multiplier, a_shift;
    int32_t b_zero_point, b_multiplier, b_shift;
    int32_t sign, multiplier, shift, zero_point, low, high;
} k_add_op;

void k_add(const k_add_op *op, const k_source *a, const k_source *b, const k_pixels *ofm, int32_t begin,
           int32_t end);
