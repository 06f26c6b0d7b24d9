/* From 32-bit sums to the output, one multiplier and shift for each channel. */
typedef struct {
    const int32_t *bias; /* with the input's zero point in it */
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t zero_point;
    int32_t low;
    int32_t high;
    int32_t positive; /* negative sums are clamped, and no shift goes to the left */
} k_channels;
