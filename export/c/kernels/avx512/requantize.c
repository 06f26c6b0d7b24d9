#define K_INLINE static inline __attribute__((always_inline))

/* Channels first to first + 15, of which `there` are there. */
typedef struct {
    __m512i bias, multiplier, odd, left, right;
    __mmask16 down;
} k_scales;

K_INLINE k_scales k_scales_of(const k_channels *to, int32_t first, __mmask16 there)
{
    const __m512i shift = _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(there, to->shift + first));
    k_scales s;
    s.bias = _mm512_maskz_loadu_epi32(there, to->bias + first);
    s.multiplier = _mm512_maskz_loadu_epi32(there, to->multiplier + first);
    s.odd = _mm512_srli_epi64(s.multiplier, 32);
    s.left = _mm512_max_epi32(shift, _mm512_setzero_si512());
    s.right = _mm512_sub_epi32(_mm512_set1_epi32(-1), shift);
    s.down = _mm512_movepi32_mask(shift);
    return s;
}

/* k_scale of 16 sums, then the ends of the layer. */
K_INLINE __m128i k_outputs(const k_channels *to, const k_scales *s, __m512i acc)
{
    const __m512i half = _mm512_set1_epi64(1 << 30);
    const __m512i x = _mm512_sllv_epi32(acc, s->left);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x, s->multiplier), half);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(x, 32), s->odd), half);
    const __m512i high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
    const __m512i less = _mm512_add_epi32(high, _mm512_srai_epi32(high, 31));
    const __m512i up = _mm512_sub_epi32(_mm512_srav_epi32(less, s->right), _mm512_set1_epi32(-1));
    const __m512i scaled = _mm512_mask_srai_epi32(high, s->down, up, 1);
    const __m128i out = _mm512_cvtsepi32_epi8(_mm512_add_epi32(scaled, _mm512_set1_epi32(to->zero_point)));
    return _mm_min_epi8(_mm_max_epi8(out, _mm_set1_epi8((char)to->low)), _mm_set1_epi8((char)to->high));
}

/* The lowest n of 16 lanes, or of 64; none below 0. */
K_INLINE __mmask16 k_of_16(int32_t n)
{
    const int32_t some = n < 0 ? 0 : n;
    return some < 16 ? (__mmask16)((1U << some) - 1U) : (__mmask16)0xFFFF;
}

K_INLINE __mmask64 k_of_64(int32_t n)
{
    const int32_t some = n < 0 ? 0 : n;
    return some < 64 ? (UINT64_C(1) << some) - 1U : ~UINT64_C(0);
}

/* Lane i of q[j], of 128 bits, becomes lane j of q[i]. */
K_INLINE void k_in_order(__m512i q[4])
{
    const __m512i a = _mm512_shuffle_i32x4(q[0], q[1], 0x44);
    const __m512i b = _mm512_shuffle_i32x4(q[0], q[1], 0xEE);
    const __m512i c = _mm512_shuffle_i32x4(q[2], q[3], 0x44);
    const __m512i d = _mm512_shuffle_i32x4(q[2], q[3], 0xEE);
    q[0] = _mm512_shuffle_i32x4(a, c, 0x88);
    q[1] = _mm512_shuffle_i32x4(a, c, 0xDD);
    q[2] = _mm512_shuffle_i32x4(b, d, 0x88);
    q[3] = _mm512_shuffle_i32x4(b, d, 0xDD);
}
