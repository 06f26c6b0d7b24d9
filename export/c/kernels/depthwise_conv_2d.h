/* Weights (KH, KW, C), none of which is -128. */
typedef struct {
    k_window window;
    k_channels to;
    const int8_t *weights;
    int32_t outputs;
    int32_t input_zero_point;
} k_depthwise_conv_2d_op;

void k_depthwise_conv_2d(const k_depthwise_conv_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                         int32_t end);
