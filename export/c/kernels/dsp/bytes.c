static void k_bytes(int8_t *to, const int8_t *from, int32_t n)
{
    for (; n >= 4; n -= 4) {
        uint32_t word;
        memcpy(&word, from, sizeof word);
        memcpy(to, &word, sizeof word);
        from += 4;
        to += 4;
    }
    for (; n > 0; n--) {
        *to++ = *from++;
    }
}
