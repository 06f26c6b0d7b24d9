/* Pictures with values around them, and around their pixels' channels. */
typedef struct {
    int32_t ifm_n, ifm_h, ifm_w;
    int32_t ofm_h, ofm_w;
    int32_t before_n, before_h, before_w, before_c;
    int32_t value;
} k_pad_op;

void k_pad(const k_pad_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end);
