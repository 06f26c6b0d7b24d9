void k_pad(const k_pad_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int32_t n = p / op->ofm_w / op->ofm_h - op->before_n;
        const int32_t y = p / op->ofm_w % op->ofm_h - op->before_h;
        const int32_t x = p % op->ofm_w - op->before_w;
        int8_t *to = k_to(ofm, p);
        memset(to, op->value, (size_t)ofm->bytes);
        if (n >= 0 && n < op->ifm_n && y >= 0 && y < op->ifm_h && x >= 0 && x < op->ifm_w) {
            const int8_t *from = k_from(ifm, (n * op->ifm_h + y) * op->ifm_w + x);
            memcpy(to + op->before_c, from, (size_t)ifm->bytes);
        }
    }
}
