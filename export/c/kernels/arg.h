/* ARG_MAX (ARG_MIN: with `least`) of each pixel's channels: the first of equals, as an integer of ofm->bytes. */
void k_arg(int32_t least, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end);
