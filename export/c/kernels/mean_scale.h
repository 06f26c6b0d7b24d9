/* The multiplier has 1 / count in it. */
typedef struct {
    int32_t outer, count, inner; /* output (outer, inner) is the mean of `count` elements */
    int32_t multiplier, shift;
    int32_t input_zero_point; /* times count */
    int32_t zero_point;
} k_mean_op;
