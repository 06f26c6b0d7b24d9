/* What the taps of a window that lies over the picture read in a ring: neighbours in the picture are neighbours in it,
 * and its last pixel is its first one's. */
static void k_taps_of_ring(const k_window *w, const k_source *ifm, int32_t top, int32_t left, const int8_t **taps)
{
    const int32_t slots = ifm->slots;
    const int32_t first = top * w->ifm_w + left;
    const int32_t right = ifm->backwards ? -w->dilation_w : w->dilation_w;
    const int32_t down = (ifm->backwards ? -w->dilation_h : w->dilation_h) * w->ifm_w;
    int32_t row = (ifm->backwards ? ifm->pixels - 1 - first : first) % slots;
    for (int32_t ky = w->size_h; ky > 0; ky--) {
        int32_t slot = row;
        for (int32_t kx = w->size_w; kx > 0; kx--) {
            *taps++ = ifm->at + slot * ifm->bytes;
            slot += right;
            slot = slot >= slots ? slot - slots : slot;
            slot = slot < 0 ? slot + slots : slot;
        }
        row += down;
        row = row >= slots ? row - slots : row;
        row = row < 0 ? row + slots : row;
    }
}

/* What each of its taps reads, `beside` where that lies beside the picture. */
static void k_taps(const k_window *w, const k_source *ifm, int32_t top, int32_t left, const int8_t *beside,
                   const int8_t *taps[K_MOST_TAPS])
{
    const int ring = ifm->slots < ifm->pixels;
    int32_t y = top;
    if (ring && k_covers(w, top, left)) {
        k_taps_of_ring(w, ifm, top, left, taps);
        return;
    }
    for (int32_t ky = w->size_h; ky > 0; ky--) {
        const int there = y >= 0 && y < w->ifm_h;
        const int8_t *row = there && !ring ? ifm->at + y * w->ifm_w * ifm->bytes : beside;
        int32_t x = left;
        for (int32_t kx = w->size_w; kx > 0; kx--) {
            const int8_t *tap = beside;
            if (there && x >= 0 && x < w->ifm_w) {
                tap = ring ? k_from(ifm, y * w->ifm_w + x) : row + x * ifm->bytes;
            }
            *taps++ = tap;
            x += w->dilation_w;
        }
        y += w->dilation_h;
    }
}
