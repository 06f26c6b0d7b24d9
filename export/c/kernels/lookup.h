/* An operator of one element to another, as a table of its 256 results by the input's byte. */
void k_lookup(const int8_t table[256], const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end);
