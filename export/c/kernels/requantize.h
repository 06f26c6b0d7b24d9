/* From 32-bit sums to the output, one multiplier and shift for each channel. */
typedef struct {
    const int32_t *bias; /* with the input's zero point in it */
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t zero_point;
    int32_t low;
    int32_t high;
    int32_t simple; /* zero_point and low are -128, high is 127, sums are below 2^30, shifts go to the right */
} k_channels;
