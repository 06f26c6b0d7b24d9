/* Where windows lie over a picture: the taps of output row y begin at input row y * stride_h - before_h. */
typedef struct {
    int32_t ifm_h, ifm_w, ofm_w;
    int32_t size_h, size_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t before_h, before_w;
} k_window;
