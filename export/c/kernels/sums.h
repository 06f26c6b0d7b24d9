/* Adds pixels of a picture to sums of its channels, which begin at 0 with the first. */
void k_sum(const k_source *ifm, int32_t *sums, int32_t begin, int32_t end);
