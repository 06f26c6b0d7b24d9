void k_deliver(const k_source *row, const k_pixels *to, int32_t begin)
{
    for (int32_t i = 0; i < row->pixels; i++) {
        memcpy(k_to(to, begin + i), k_from(row, i), (size_t)row->bytes);
    }
}
