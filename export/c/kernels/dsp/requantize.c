/* Bytes 0 and 2 of a word, then bytes 1 and 3, as 16-bit numbers. */
static inline int16x2_t k_even(uint32_t word)
{
    return __sxtb16((int8x4_t)word);
}

static inline int16x2_t k_odd(uint32_t word)
{
    int16x2_t odd;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(word));
    return odd;
}

/* An output of a `simple` layer, by k_scale's rule: the product is rounded to 32 bits, then what a shift to the right
 * loses last is added. That takes ties of negative sums up instead of down, and both are clamped. */
static inline int8_t k_simple(int32_t acc, int32_t multiplier, int32_t right, int32_t zero_point)
{
    int32_t scaled;
    __asm__("lsl    %0, %1, #1\n\t"
            "smmulr %0, %0, %2\n\t"
            "asrs   %0, %0, %3\n\t"
            "adc    %0, %0, %4\n\t"
            "ssat   %0, #8, %0"
            : "=&r"(scaled)
            : "r"(acc), "r"(multiplier), "r"(right), "r"(zero_point)
            : "cc");
    return (int8_t)scaled;
}

/* The outputs y of channels first to first + n - 1, of which acc are the sums. */
static void k_requantize(const k_channels *to, int32_t first, int32_t n, const int32_t *acc, int8_t *y)
{
    const int32_t *const end = acc + n;
    const int32_t *multiplier = to->multiplier + first;
    const int8_t *shift = to->shift + first;
    const int32_t zero_point = to->zero_point;
    y += first;
    if (to->simple) {
        while (acc < end) {
            *y++ = k_simple(*acc++, *multiplier++, -*shift++, zero_point);
        }
    } else {
        while (acc < end) {
            *y++ = k_clamp(k_scale(*acc++, *multiplier++, *shift++) + zero_point, to->low, to->high);
        }
    }
}
