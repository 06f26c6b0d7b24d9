typedef struct {
    k_window window;
    int32_t channels;
    int32_t low;
    int32_t high;
} k_pool_2d_op;
