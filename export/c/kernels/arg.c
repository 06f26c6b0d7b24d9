void k_arg(int32_t least, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int8_t *x = k_from(ifm, p);
        int32_t best = 0;
        for (int32_t c = 1; c < ifm->bytes; c++) {
            if (least ? x[c] < x[best] : x[c] > x[best]) {
                best = c;
            }
        }
        if (ofm->bytes == 8) {
            const int64_t wide = best;
            memcpy(k_to(ofm, p), &wide, sizeof wide);
        } else {
            memcpy(k_to(ofm, p), &best, sizeof best);
        }
    }
}
