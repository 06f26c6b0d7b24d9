/* The pixel y whose taps lie `from` bytes after x. */
static void k_weigh(const k_depthwise_conv_2d_op *op, const int8_t *const x[K_MOST_TAPS], int32_t from, int8_t *y,
                    int32_t backwards)
{
    for (int32_t k = 0; k * K_LANES < op->outputs; k++) {
        int32_t n;
        const int32_t first = k_lanes(op->outputs, k, backwards, &n);
        k_stretch(op, x, from, first, n, y);
    }
}
