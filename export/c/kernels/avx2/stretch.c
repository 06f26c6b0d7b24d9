static inline __m256i k_some(const int8_t *x)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)x));
}

/* Channels first to first + n - 1 of the pixel y whose taps lie `from` bytes after x: all is read before any is
 * written. */
static void k_stretch(const k_depthwise_conv_2d_op *op, const int8_t *const *x, int32_t from, int32_t first,
                      int32_t n, int8_t *y)
{
    const int32_t taps = op->window.size_h * op->window.size_w;
    int32_t acc[K_LANES] = {0};
    memcpy(acc, op->to.bias + first, (size_t)n * sizeof acc[0]);
    if (n == K_LANES) { /* two taps side by side: of every 8 channels, the lower 4 and the upper 4 */
        __m256i lower = _mm256_setzero_si256();
        __m256i upper = lower;
        __m256i *to = (__m256i *)(void *)acc;
        for (int32_t tap = 0; tap < taps; tap += 2) {
            const int8_t *w = op->weights + tap * op->outputs + first;
            const __m256i none = _mm256_setzero_si256();
            const __m256i xa = k_some(x[tap] + from + first);
            const __m256i xb = tap + 1 < taps ? k_some(x[tap + 1] + from + first) : none;
            const __m256i wa = k_some(w);
            const __m256i wb = tap + 1 < taps ? k_some(w + op->outputs) : none;
            lower = _mm256_add_epi32(
                lower, _mm256_madd_epi16(_mm256_unpacklo_epi16(xa, xb), _mm256_unpacklo_epi16(wa, wb)));
            upper = _mm256_add_epi32(
                upper, _mm256_madd_epi16(_mm256_unpackhi_epi16(xa, xb), _mm256_unpackhi_epi16(wa, wb)));
        }
        _mm256_storeu_si256(
            to, _mm256_add_epi32(_mm256_loadu_si256(to), _mm256_permute2x128_si256(lower, upper, 0x20)));
        _mm256_storeu_si256(
            to + 1, _mm256_add_epi32(_mm256_loadu_si256(to + 1), _mm256_permute2x128_si256(lower, upper, 0x31)));
    } else {
        for (int32_t tap = 0; tap < taps; tap++) {
            const int8_t *w = op->weights + tap * op->outputs + first;
            for (int32_t j = 0; j < n; j++) {
                acc[j] += x[tap][from + first + j] * w[j];
            }
        }
    }
    k_requantize(&op->to, first, n, acc, y);
}
