static void k_bytes(int8_t *to, const int8_t *from, int32_t n)
{
    memcpy(to, from, (size_t)n);
}
