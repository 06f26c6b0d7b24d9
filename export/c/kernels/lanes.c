/* The k-th stretch of lanes of a pixel, as this walk meets them: where it begins and how many channels it has. */
static int32_t k_lanes(int32_t channels, int32_t k, int32_t backwards, int32_t *count)
{
    const int32_t stretches = (channels + K_LANES - 1) / K_LANES;
    const int32_t first = (backwards ? stretches - 1 - k : k) * K_LANES;
    *count = channels - first < K_LANES ? channels - first : K_LANES;
    return first;
}
