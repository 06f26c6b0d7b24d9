void k_lookup(const int8_t table[256], const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int8_t *x = k_from(ifm, p);
        int8_t *y = k_to(ofm, p);
        for (int32_t k = 0; k < ofm->bytes; k++) {
            const int32_t c = ofm->backwards ? ofm->bytes - 1 - k : k;
            y[c] = table[(uint8_t)x[c]];
        }
    }
}
