/* acc * multiplier * 2**(shift - 31), rounded twice: the product to nearest, ties up; then, after a shift to the
 * right, ties away from zero. Right shifts of negative numbers are arithmetic, as on all compilers for these
 * chips. */
static int32_t k_scale(int32_t acc, int32_t multiplier, int32_t shift)
{
    const uint32_t left = shift > 0 ? (uint32_t)shift & 31U : 0U;
    const int32_t shifted = (int32_t)((uint32_t)acc << left);
    const int32_t high = (int32_t)(((int64_t)shifted * multiplier + (INT64_C(1) << 30)) >> 31);
    if (shift >= 0) {
        return high;
    }
    return (((high - (high < 0 ? 1 : 0)) >> (-shift - 1)) + 1) >> 1;
}
