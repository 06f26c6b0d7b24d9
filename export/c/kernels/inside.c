/* The part of a window that lies over the picture, for output pixel p. */
typedef struct {
    int32_t top, bottom, left, right; /* bottom and right are beyond the last */
} k_part;

static k_part k_inside(const k_window *w, int32_t p)
{
    k_part part;
    part.top = p / w->ofm_w * w->stride_h - w->before_h;
    part.left = p % w->ofm_w * w->stride_w - w->before_w;
    part.bottom = part.top + w->size_h < w->ifm_h ? part.top + w->size_h : w->ifm_h;
    part.right = part.left + w->size_w < w->ifm_w ? part.left + w->size_w : w->ifm_w;
    part.top = part.top > 0 ? part.top : 0;
    part.left = part.left > 0 ? part.left : 0;
    return part;
}
