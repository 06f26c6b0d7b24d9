void k_sum(const k_source *ifm, int32_t *sums, int32_t begin, int32_t end)
{
    if (begin == 0) {
        memset(sums, 0, (size_t)ifm->bytes * sizeof sums[0]);
    }
    for (int32_t i = begin; i < end; i++) {
        const int8_t *x = k_from(ifm, ifm->backwards ? ifm->pixels - 1 - i : i);
        for (int32_t c = 0; c < ifm->bytes; c++) {
            sums[c] += x[c];
        }
    }
}
