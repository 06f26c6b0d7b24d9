void k_concatenation(int32_t at, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        memcpy(k_to(ofm, p) + at, k_from(ifm, p), (size_t)ifm->bytes);
    }
}
