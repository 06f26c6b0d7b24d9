/* What each tap of output pixel p reads, `beside` where that lies beside the picture; 1 where one does. */
static int k_taps(const k_window *w, const k_source *ifm, int32_t p, const int8_t *beside,
                  const int8_t *taps[K_MOST_TAPS])
{
    const int32_t top = p / w->ofm_w * w->stride_h - w->before_h;
    const int32_t left = p % w->ofm_w * w->stride_w - w->before_w;
    const int32_t bottom = top + (w->size_h - 1) * w->dilation_h;
    const int32_t right = left + (w->size_w - 1) * w->dilation_w;
    const int all = top >= 0 && left >= 0 && bottom < w->ifm_h && right < w->ifm_w;
    if (all && ifm->slots >= ifm->pixels) {
        const int32_t step = w->dilation_w * ifm->bytes;
        const int8_t *row = ifm->at + (top * w->ifm_w + left) * ifm->bytes;
        for (int32_t ky = 0; ky < w->size_h; ky++) {
            const int8_t *x = row;
            for (int32_t kx = 0; kx < w->size_w; kx++) {
                *taps++ = x;
                x += step;
            }
            row += w->dilation_h * w->ifm_w * ifm->bytes;
        }
        return 0;
    }
    for (int32_t y = top; y <= bottom; y += w->dilation_h) {
        for (int32_t x = left; x <= right; x += w->dilation_w) {
            const int inside = y >= 0 && y < w->ifm_h && x >= 0 && x < w->ifm_w;
            *taps++ = inside ? k_from(ifm, y * w->ifm_w + x) : beside;
        }
    }
    return !all;
}
