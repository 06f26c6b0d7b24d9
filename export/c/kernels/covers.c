/* Whether a window that begins at a row and column lies over the picture with all its taps. */
static int k_covers(const k_window *w, int32_t top, int32_t left)
{
    return top >= 0 && left >= 0 && top + (w->size_h - 1) * w->dilation_h < w->ifm_h
           && left + (w->size_w - 1) * w->dilation_w < w->ifm_w;
}
