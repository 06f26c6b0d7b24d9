/* k_scale of four sums. Ties go away from zero, so negative ones are a unit less before they are shifted. */
static inline int32x4_t k_scaled(int32x4_t acc, int32x4_t multiplier, int32x4_t shift)
{
    const int32x4_t zero = vdupq_n_s32(0);
    const int32x4_t right = vminq_s32(shift, zero);
    const int32x4_t high = vqrdmulhq_s32(vshlq_s32(acc, vmaxq_s32(shift, zero)), multiplier);
    return vrshlq_s32(vaddq_s32(high, vshrq_n_s32(vandq_s32(high, right), 31)), right);
}

/* The low bytes of the lanes are outputs of a `simple` layer, where what ties of negative sums become is cut off. */
static inline int32x4_t k_simple(int32x4_t acc, int32x4_t multiplier, int32x4_t shift)
{
    int32x4_t out = vaddq_s32(vrshlq_s32(vqrdmulhq_s32(acc, multiplier), shift), vdupq_n_s32(INT8_MIN));
    __asm__("vqmovnb.s32 %q0, %q0\n\t"
            "vqmovnb.s16 %q0, %q0"
            : "+w"(out));
    return out;
}

/* The n <= 4 outputs at y, those of channels from c on, of which acc are the sums without bias. */
static inline void k_requantize(const k_channels *to, int32_t c, int32_t n, int32x4_t acc, int8_t *y)
{
    const mve_pred16_t lanes = vctp32q((uint32_t)n);
    const int32x4_t sum = vaddq_s32(acc, vldrwq_z_s32(to->bias + c, lanes));
    const int32x4_t multiplier = vldrwq_z_s32(to->multiplier + c, lanes);
    const int32x4_t shift = vldrbq_z_s32(to->shift + c, lanes);
    if (to->simple) {
        vstrbq_p_s32(y, k_simple(sum, multiplier, shift), lanes);
    } else {
        const int32x4_t out = vaddq_n_s32(k_scaled(sum, multiplier, shift), to->zero_point);
        vstrbq_p_s32(y, vmaxq_s32(vminq_s32(out, vdupq_n_s32(to->high)), vdupq_n_s32(to->low)), lanes);
    }
}
