void k_copy(const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int8_t *x = k_from(ifm, p);
        int8_t *y = k_to(ofm, p);
        if (x != y) {
            memmove(y, x, (size_t)ofm->bytes);
        }
    }
}
