/* The pixels of a row that a sensor has read go to where the first of them, `begin`, and the others belong. */
void k_deliver(const k_source *row, const k_pixels *to, int32_t begin);
