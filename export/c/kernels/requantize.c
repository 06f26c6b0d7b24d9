/* The outputs y of channels first to first + n - 1, of which acc are the sums. */
static void k_requantize(const k_channels *to, int32_t first, int32_t n, const int32_t *acc, int8_t *y)
{
    for (int32_t j = 0; j < n; j++) {
        const int32_t c = first + j;
        const int32_t scaled = k_scale(acc[j], to->multiplier[c], to->shift[c]);
        y[c] = k_clamp(scaled + to->zero_point, to->low, to->high);
    }
}
