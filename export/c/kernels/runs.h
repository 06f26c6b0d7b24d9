/* Where a run that begins at a pixel ends: pieces of a row, or whole rows. */
int32_t k_run_end(int32_t begin, int32_t pixels, int32_t row, int32_t run);
