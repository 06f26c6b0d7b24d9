#define K_ROWS 8

/* 16 bytes as 16 numbers of 16 bits. */
static inline __m256i k_wide(const int8_t *x)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)x));
}

/* sums[j] += x . w of row j, for four rows and what is left of their bytes. */
static void k_rest(const int8_t *x, const int8_t *w, int32_t depth, int32_t k, int32_t sums[4])
{
    for (; k < depth; k++) {
        for (int32_t j = 0; j < 4; j++) {
            sums[j] += x[k] * w[j * depth + k];
        }
    }
}

/* The sum of each of four vectors. */
static inline __m128i k_sum_of_each(__m256i a, __m256i b, __m256i c, __m256i d)
{
    const __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    return _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
}

/* Sums of four rows of weights with three pixels, those of a pixel K_ROWS apart. */
static void k_three(const int8_t *w, int32_t depth, const int8_t *x0, const int8_t *x1, const int8_t *x2,
                    int32_t *sums)
{
    const int8_t *x[3];
    const __m256i none = _mm256_setzero_si256();
    __m256i acc[3][4] = {{none, none, none, none}, {none, none, none, none}, {none, none, none, none}};
    int32_t k = 0;
    x[0] = x0;
    x[1] = x1;
    x[2] = x2;
    for (; k + 16 <= depth; k += 16) {
        const __m256i wide[3] = {k_wide(x0 + k), k_wide(x1 + k), k_wide(x2 + k)};
#pragma GCC unroll 4
        for (int32_t j = 0; j < 4; j++) {
            const __m256i row = k_wide(w + j * depth + k);
#pragma GCC unroll 4
            for (int32_t i = 0; i < 3; i++) {
                acc[i][j] = _mm256_add_epi32(acc[i][j], _mm256_madd_epi16(wide[i], row));
            }
        }
    }
#pragma GCC unroll 4
    for (int32_t i = 0; i < 3; i++) {
        int32_t *to = sums + i * K_ROWS;
        _mm_storeu_si128((__m128i *)(void *)to, k_sum_of_each(acc[i][0], acc[i][1], acc[i][2], acc[i][3]));
        k_rest(x[i], w, depth, k, to);
    }
}

static int32_t k_dot(const int8_t *x, const int8_t *w, int32_t n)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < n; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

static void k_matrix(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs,
                     const k_meeting at[K_BLOCK], int32_t n)
{
    int32_t o = 0;
    for (; o + K_ROWS <= outputs; o += K_ROWS) {
        const int8_t *w = weights + o * depth;
        int32_t sums[(K_BLOCK + 2) * K_ROWS];
        for (int32_t i = 0; i < n; i += 3) { /* the last pixel stands in for those that are not there */
            const int8_t *x1 = at[i + 1 < n ? i + 1 : n - 1].x;
            const int8_t *x2 = at[i + 2 < n ? i + 2 : n - 1].x;
            k_three(w, depth, at[i].x, x1, x2, sums + i * K_ROWS);
            k_three(w + 4 * depth, depth, at[i].x, x1, x2, sums + i * K_ROWS + 4);
        }
        for (int32_t i = 0; i < n; i++) {
            for (int32_t j = 0; j < K_ROWS; j++) {
                sums[i * K_ROWS + j] += to->bias[o + j];
            }
            k_requantize(to, o, K_ROWS, sums + i * K_ROWS, at[i].y);
        }
    }
    for (; o < outputs; o++) {
        for (int32_t i = 0; i < n; i++) {
            const int32_t acc = to->bias[o] + k_dot(at[i].x, weights + o * depth, depth);
            k_requantize(to, o, 1, &acc, at[i].y);
        }
    }
}
