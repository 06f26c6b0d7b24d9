void k_average_pool_2d(const k_pool_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const k_part part = k_inside(&op->window, p);
        const int32_t count = (part.bottom - part.top) * (part.right - part.left);
        int8_t *y = k_to(ofm, p);
        for (int32_t k = 0; k * K_LANES < op->channels; k++) {
            int32_t n;
            const int32_t c = k_lanes(op->channels, k, ofm->backwards, &n);
            int32_t sum[K_LANES] = {0};
            for (int32_t row = part.top; row < part.bottom; row++) {
                for (int32_t col = part.left; col < part.right; col++) {
                    const int8_t *x = k_from(ifm, row * op->window.ifm_w + col) + c;
                    for (int32_t j = 0; j < n; j++) {
                        sum[j] += x[j];
                    }
                }
            }
            for (int32_t j = 0; j < n; j++) {
                y[c + j] = k_clamp(k_average(sum[j], count), op->low, op->high);
            }
        }
    }
}
