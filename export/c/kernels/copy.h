/* Pixels as they are; where input and output are one, nothing moves. */
void k_copy(const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end);
