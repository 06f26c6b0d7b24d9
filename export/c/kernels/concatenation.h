/* One input of several: its pixels become the bytes from `at` on of the output's. */
void k_concatenation(int32_t at, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end);
