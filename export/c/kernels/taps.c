/* What each tap of output pixel p reads; NULL beside the picture. */
static void k_taps(const k_window *w, const k_source *ifm, int32_t p, const int8_t *taps[K_MOST_TAPS])
{
    const int32_t top = p / w->ofm_w * w->stride_h - w->before_h;
    const int32_t left = p % w->ofm_w * w->stride_w - w->before_w;
    int32_t tap = 0;
    for (int32_t ky = 0; ky < w->size_h; ky++) {
        const int32_t y = top + ky * w->dilation_h;
        for (int32_t kx = 0; kx < w->size_w; kx++) {
            const int32_t x = left + kx * w->dilation_w;
            const int inside = y >= 0 && y < w->ifm_h && x >= 0 && x < w->ifm_w;
            taps[tap] = inside ? k_from(ifm, y * w->ifm_w + x) : NULL;
            tap++;
        }
    }
}
