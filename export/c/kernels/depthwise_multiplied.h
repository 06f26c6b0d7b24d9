/* The same of several outputs for each input, or with weights of -128: output channel c reads input channel
 * c / multiplier. */
typedef struct {
    k_window window;
    k_channels to;
    const int8_t *weights;
    int32_t outputs;
    int32_t multiplier;
    int32_t input_zero_point;
} k_depthwise_multiplied_op;

void k_depthwise_multiplied(const k_depthwise_multiplied_op *op, const k_source *ifm, const k_pixels *ofm,
                            int32_t begin, int32_t end);
