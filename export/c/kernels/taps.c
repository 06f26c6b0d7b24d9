/* What the taps of a row of it read in a ring, whose pixels follow one another up to its end. */
static void k_taps_of_ring(const k_window *w, const k_source *ifm, int32_t y, int32_t left, const int8_t *beside,
                           const int8_t **taps)
{
    const int32_t right = left + (w->size_w - 1) * w->dilation_w;
    if (left >= 0 && right < w->ifm_w) {
        const int32_t step = w->dilation_w * (ifm->backwards ? -ifm->bytes : ifm->bytes);
        const int8_t *at = k_from(ifm, y * w->ifm_w + left);
        if (k_from(ifm, y * w->ifm_w + right) - at == (w->size_w - 1) * step) {
            for (int32_t kx = 0; kx < w->size_w; kx++) {
                taps[kx] = at + kx * step;
            }
            return;
        }
    }
    for (int32_t kx = 0; kx < w->size_w; kx++) {
        const int32_t x = left + kx * w->dilation_w;
        taps[kx] = x >= 0 && x < w->ifm_w ? k_from(ifm, y * w->ifm_w + x) : beside;
    }
}

/* What each of its taps reads, `beside` where that lies beside the picture. */
static void k_taps(const k_window *w, const k_source *ifm, int32_t top, int32_t left, const int8_t *beside,
                   const int8_t *taps[K_MOST_TAPS])
{
    const int32_t bytes = ifm->bytes;
    int32_t y = top;
    for (int32_t ky = w->size_h; ky > 0; ky--) {
        const int there = y >= 0 && y < w->ifm_h;
        if (there && ifm->slots < ifm->pixels) {
            k_taps_of_ring(w, ifm, y, left, beside, taps);
        } else {
            const int8_t *row = there ? ifm->at + y * w->ifm_w * bytes : beside;
            const int32_t width = there ? w->ifm_w : 0;
            int32_t x = left;
            for (int32_t kx = 0; kx < w->size_w; kx++) {
                taps[kx] = x >= 0 && x < width ? row + x * bytes : beside;
                x += w->dilation_w;
            }
        }
        taps += w->size_w;
        y += w->dilation_h;
    }
}
