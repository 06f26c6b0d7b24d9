static int8_t k_requantize(const k_channels *to, int32_t channel, int32_t acc)
{
    const int32_t scaled = k_scale(acc, to->multiplier[channel], to->shift[channel]);
    return k_clamp(scaled + to->zero_point, to->low, to->high);
}
