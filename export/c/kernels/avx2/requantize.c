/* k_scale of 8 sums. */
static inline __m256i k_scaled(__m256i acc, __m256i multiplier, __m256i shift)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i half = _mm256_set1_epi64x(1 << 30);
    const __m256i x = _mm256_sllv_epi32(acc, _mm256_max_epi32(shift, zero));
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, multiplier), half);
    const __m256i odd =
        _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(multiplier, 32)), half);
    const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
    const __m256i less = _mm256_add_epi32(high, _mm256_srai_epi32(high, 31));
    const __m256i right = _mm256_sub_epi32(_mm256_set1_epi32(-1), shift);
    const __m256i down = _mm256_srai_epi32(_mm256_add_epi32(_mm256_srav_epi32(less, right), one), 1);
    return _mm256_blendv_epi8(high, down, _mm256_cmpgt_epi32(zero, shift));
}

/* The outputs y of channels first to first + n - 1, of which acc are the sums. */
static void k_requantize(const k_channels *to, int32_t first, int32_t n, const int32_t *acc, int8_t *y)
{
    int32_t j = 0;
    for (; j + 8 <= n; j += 8) {
        const int32_t c = first + j;
        const __m256i multiplier = _mm256_loadu_si256((const __m256i *)(const void *)(to->multiplier + c));
        const __m128i shift = _mm_loadl_epi64((const __m128i *)(const void *)(to->shift + c));
        const __m256i sums = _mm256_loadu_si256((const __m256i *)(const void *)(acc + j));
        const __m256i scaled = k_scaled(sums, multiplier, _mm256_cvtepi8_epi32(shift));
        const __m256i out = _mm256_add_epi32(scaled, _mm256_set1_epi32(to->zero_point));
        const __m256i inside =
            _mm256_min_epi32(_mm256_max_epi32(out, _mm256_set1_epi32(to->low)), _mm256_set1_epi32(to->high));
        const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(inside), _mm256_extracti128_si256(inside, 1));
        _mm_storel_epi64((__m128i *)(void *)(y + c), _mm_packs_epi16(words, words));
    }
    for (; j < n; j++) {
        const int32_t c = first + j;
        const int32_t scaled = k_scale(acc[j], to->multiplier[c], to->shift[c]);
        y[c] = k_clamp(scaled + to->zero_point, to->low, to->high);
    }
}
