#define K_ONE 1024

void k_resize_bilinear(const k_resize_bilinear_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                       int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const k_between *r = &op->rows[p / op->ofm_w];
        const k_between *q = &op->cols[p % op->ofm_w];
        const int8_t *low_low = k_from(ifm, r->low * op->ifm_w + q->low);
        const int8_t *high_low = k_from(ifm, r->high * op->ifm_w + q->low);
        const int8_t *low_high = k_from(ifm, r->low * op->ifm_w + q->high);
        const int8_t *high_high = k_from(ifm, r->high * op->ifm_w + q->high);
        int8_t *y = k_to(ofm, p);
        for (int32_t c = 0; c < ofm->bytes; c++) {
            const int32_t left = low_low[c] * (K_ONE - r->there) + high_low[c] * r->there;
            const int32_t right = low_high[c] * (K_ONE - r->there) + high_high[c] * r->there;
            const int32_t total = left * (K_ONE - q->there) + right * q->there;
            const int32_t half = total > 0 ? K_ONE * K_ONE / 2 : -(K_ONE * K_ONE / 2);
            y[c] = (int8_t)((total + half) / (K_ONE * K_ONE));
        }
    }
}
