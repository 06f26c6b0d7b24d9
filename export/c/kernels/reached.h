/* What windows over a picture read: output row y ends at input row y * stride + last, at most at limit. */
typedef struct {
    int32_t ofm_w, ifm_w;
    int32_t stride_h, last_h, limit_h;
    int32_t stride_w, last_w, limit_w;
} k_reach;

/* Pixels of the picture that must exist before the first `end` of the output are computed. */
int32_t k_reached(const k_reach *reach, int32_t end);
