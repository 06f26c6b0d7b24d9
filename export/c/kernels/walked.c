/* The i-th pixel of a walk, by its place in the raster. */
static int32_t k_walked(const k_pixels *ofm, int32_t i)
{
    return ofm->backwards ? ofm->pixels - 1 - i : i;
}
