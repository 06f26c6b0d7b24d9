/* The k-th channel that a walk meets: upwards forwards, downwards backwards, so that an output may lie over an
 * input. */
static int32_t k_channel(int32_t channels, int32_t k, int32_t backwards)
{
    return backwards ? channels - 1 - k : k;
}
