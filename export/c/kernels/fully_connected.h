/* Weights (O, K); the input is rows of K, one after the other. */
typedef struct {
    k_channels to;
    const int8_t *weights;
    int32_t inputs;
    int32_t outputs;
} k_fully_connected_op;

void k_fully_connected(const k_fully_connected_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                       int32_t end);
