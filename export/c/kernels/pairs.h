/* Two inputs pixel by pixel; one that has a single pixel serves all, one of a single channel every channel. */
typedef struct {
    int32_t a_pixels, b_pixels; /* 0: always pixel 0 */
    int32_t a_step, b_step;     /* 0: always channel 0 */
    int32_t channels;
} k_pairs;
