/* k_scale of four sums. Ties go away from zero: negative ones are a unit less before they are shifted. That makes no
 * difference to those that are clamped anyhow, and no layer of such `positive` sums has a shift to the left. */
static int32x4_t k_scaled(const k_channels *to, int32x4_t acc, int32x4_t multiplier, int32x4_t shift)
{
    if (!to->positive) {
        const int32x4_t zero = vdupq_n_s32(0);
        const int32x4_t right = vminq_s32(shift, zero);
        const int32x4_t high = vqrdmulhq_s32(vshlq_s32(acc, vmaxq_s32(shift, zero)), multiplier);
        return vrshlq_s32(vaddq_s32(high, vshrq_n_s32(vandq_s32(high, right), 31)), right);
    }
    return vrshlq_s32(vqrdmulhq_s32(acc, multiplier), shift);
}
