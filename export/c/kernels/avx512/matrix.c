/* Weights count as unsigned bytes, each 128 more than it is; so 128 times the sum of x is taken away again. */
#define K_UNSIGNED _mm512_set1_epi8(-128)
#define K_DEEP ((K_MOST_DEPTH + 15) / 16 * 16)
#define K_ROWS 16

/* 16 bytes of every `step`-th of `rows` rows of weights, of which `some` are there; zero beyond the last row. */
K_INLINE __m512i k_four_rows(const int8_t *w, int32_t depth, int32_t step, int32_t rows, __mmask16 some)
{
    const int8_t *w2 = w + 2 * step * depth;
    __m512i four = _mm512_castsi128_si512(_mm_maskz_loadu_epi8(rows > 0 ? some : 0, w));
    four = _mm512_inserti32x4(four, _mm_maskz_loadu_epi8(rows > step ? some : 0, w + step * depth), 1);
    four = _mm512_inserti32x4(four, _mm_maskz_loadu_epi8(rows > 2 * step ? some : 0, w2), 2);
    four = _mm512_inserti32x4(four, _mm_maskz_loadu_epi8(rows > 3 * step ? some : 0, w2 + step * depth), 3);
    return _mm512_xor_si512(four, K_UNSIGNED);
}

/* In every 128 bits: the sum of a's four lanes, of b's, of c's and of d's. */
K_INLINE __m512i k_fourths(__m512i a, __m512i b, __m512i c, __m512i d)
{
    const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}

/* 128 times the sum of x. */
static int32_t k_sum_128(const int8_t *x, int32_t depth)
{
    __m512i sum = _mm512_setzero_si512();
    for (int32_t k = 0; k < depth; k += 64) {
        sum = _mm512_dpbusd_epi32(sum, K_UNSIGNED, _mm512_maskz_loadu_epi8(k_of_64(depth - k), x + k));
    }
    return _mm512_reduce_add_epi32(sum);
}

/* x of up to K_PACKED pixels, 16 bytes of each in turn, with zeros after the last; and 128 times their sums. */
static void k_pack(const k_meeting *at, int32_t n, int32_t depth, int8_t *packed, int32_t sums[K_PACKED])
{
    for (int32_t i = 0; i < K_PACKED; i++) {
        const int8_t *x = at[i < n ? i : n - 1].x;
        for (int32_t k = 0; k < depth; k += 16) {
            const __m128i part = _mm_maskz_loadu_epi8(k_of_16(depth - k), x + k);
            _mm_store_si128((__m128i *)(void *)(packed + k * K_PACKED + 16 * i), part);
        }
        sums[i] = k_sum_128(x, depth);
    }
}

/* Every sum has a name of its own, for gcc keeps no array of them in registers. */
#define K_FOUR(each) each(0) each(1) each(2) each(3)
#define K_EIGHT(each) K_FOUR(each) each(4) each(5) each(6) each(7)
#define K_TWELVE(each) K_EIGHT(each) each(8) each(9) each(10) each(11)
#define K_FOUR_PAIRED(each) each(0, 1) each(2, 3)
#define K_EIGHT_PAIRED(each) K_FOUR_PAIRED(each) each(4, 5) each(6, 7)
#define K_TWELVE_PAIRED(each) K_EIGHT_PAIRED(each) each(8, 9) each(10, 11)
#define K_ZERO(i)                                                                                                      \
    __m512i even##i = _mm512_setzero_si512();                                                                          \
    __m512i odd##i = _mm512_setzero_si512();
#define K_ADD(i)                                                                                                       \
    all = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)(const void *)(x + 16 * i)));                         \
    __asm__("vpdpbusd %1, %2, %0" : "+v"(even##i) : "v"(all), "v"(w0));                                                \
    __asm__("vpdpbusd %1, %2, %0" : "+v"(odd##i) : "v"(all), "v"(w1));
#define K_KEEP(i, j)                                                                                                   \
    all = _mm512_permutexvar_epi64(order, k_fourths(even##i, odd##i, even##j, odd##j));                                \
    _mm256_storeu_si256((__m256i *)(void *)(sums + i * K_ROWS), _mm512_castsi512_si256(all));                          \
    _mm256_storeu_si256((__m256i *)(void *)(sums + j * K_ROWS), _mm512_extracti64x4_epi64(all, 1));

/* Sums of `rows` rows of weights, 8 at the most, with as many packed pixels; those of a pixel are K_ROWS apart. */
#define K_TILE(name, several)                                                                                          \
    K_INLINE void name(const int8_t *w, int32_t depth, int32_t rows, const int8_t *x, int32_t *sums)                   \
    {                                                                                                                  \
        const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);                                               \
        __m512i all;                                                                                                   \
        int32_t k = 0;                                                                                                 \
        several(K_ZERO)                                                                                                \
        for (; k + 16 <= depth; k += 16, w += 16, x += 16 * K_PACKED) {                                                 \
            const __m512i w0 = k_four_rows(w, depth, 2, rows, 0xFFFF);                                                 \
            const __m512i w1 = k_four_rows(w + depth, depth, 2, rows - 1, 0xFFFF);                                     \
            several(K_ADD)                                                                                             \
        }                                                                                                              \
        if (k < depth) {                                                                                               \
            const __m512i w0 = k_four_rows(w, depth, 2, rows, k_of_16(depth - k));                                     \
            const __m512i w1 = k_four_rows(w + depth, depth, 2, rows - 1, k_of_16(depth - k));                         \
            several(K_ADD)                                                                                             \
        }                                                                                                              \
        several##_PAIRED(K_KEEP)                                                                                       \
    }
K_TILE(k_tile_4, K_FOUR)
K_TILE(k_tile_8, K_EIGHT)
K_TILE(k_tile_12, K_TWELVE)

static void k_tiles(const int8_t *w, int32_t depth, int32_t rows, const int8_t *x, int32_t n, int32_t *sums)
{
    if (rows < 8) {
        k_tile_12(w, depth, rows, x, sums);
    } else if (n > 8) {
        k_tile_12(w, depth, 8, x, sums);
    } else if (n > 4) {
        k_tile_8(w, depth, 8, x, sums);
    } else {
        k_tile_4(w, depth, 8, x, sums);
    }
}

/* Sums of `rows` rows of weights, K_ROWS at the most, with one pixel. */
K_INLINE __m512i k_line(const int8_t *w, int32_t depth, int32_t rows, const int8_t *x)
{
    __m512i a = _mm512_setzero_si512();
    __m512i b = a;
    __m512i c = a;
    __m512i d = a;
    for (int32_t k = 0; k < depth; k += 16, w += 16) {
        const __mmask16 some = k_of_16(depth - k);
        const __m512i parts = _mm512_broadcast_i32x4(_mm_maskz_loadu_epi8(some, x + k));
        a = _mm512_dpbusd_epi32(a, k_four_rows(w, depth, 4, rows, some), parts);
        b = _mm512_dpbusd_epi32(b, k_four_rows(w + depth, depth, 4, rows - 1, some), parts);
        c = _mm512_dpbusd_epi32(c, k_four_rows(w + 2 * depth, depth, 4, rows - 2, some), parts);
        d = _mm512_dpbusd_epi32(d, k_four_rows(w + 3 * depth, depth, 4, rows - 3, some), parts);
    }
    return k_fourths(a, b, c, d);
}

/* The same of K_ROWS rows of whole vectors. */
K_INLINE __m512i k_whole_line(const int8_t *w, int32_t depth, const int8_t *x)
{
    const __m512i zero = _mm512_setzero_si512();
    __m512i q[4];
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        __m512i rows[4] = {zero, zero, zero, zero};
        for (int32_t k = 0; k < depth; k += 64) {
            const __m512i part = _mm512_loadu_si512(x + k);
#pragma GCC unroll 4
            for (int32_t j = 0; j < 4; j++) {
                const __m512i row = _mm512_loadu_si512(w + (4 * i + j) * depth + k);
                rows[j] = _mm512_dpbusd_epi32(rows[j], _mm512_xor_si512(row, K_UNSIGNED), part);
            }
        }
        q[i] = k_fourths(rows[0], rows[1], rows[2], rows[3]);
    }
    k_in_order(q);
    return _mm512_add_epi32(_mm512_add_epi32(q[0], q[1]), _mm512_add_epi32(q[2], q[3]));
}

K_INLINE void k_finish(const k_channels *to, const k_scales *s, int32_t first, __mmask16 there, __m512i sums,
                       int32_t less, int8_t *y)
{
    const __m512i acc = _mm512_add_epi32(s->bias, _mm512_sub_epi32(sums, _mm512_set1_epi32(less)));
    _mm_mask_storeu_epi8(y + first, there, k_outputs(to, s, acc));
}

static void k_one(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs, const k_meeting *at)
{
    const int32_t less = k_sum_128(at->x, depth);
    for (int32_t o = 0; o < outputs; o += K_ROWS) {
        const __mmask16 there = k_of_16(outputs - o);
        const k_scales s = k_scales_of(to, o, there);
        const int8_t *w = weights + o * depth;
        __m512i sums;
        if (outputs - o >= K_ROWS && depth % 64 == 0) {
            sums = k_whole_line(w, depth, at->x);
        } else if (outputs - o >= K_ROWS) {
            sums = k_line(w, depth, K_ROWS, at->x);
        } else {
            sums = k_line(w, depth, outputs - o, at->x);
        }
        k_finish(to, &s, o, there, sums, less, at->y);
    }
}

static void k_few(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs, const k_meeting *at,
                  int32_t n)
{
    int8_t packed[K_DEEP * K_PACKED] __attribute__((aligned(64)));
    int32_t sums[K_PACKED * K_ROWS] __attribute__((aligned(64)));
    int32_t less[K_PACKED];
    k_pack(at, n, depth, packed, less);
    for (int32_t o = 0; o < outputs; o += K_ROWS) {
        const __mmask16 there = k_of_16(outputs - o);
        const k_scales s = k_scales_of(to, o, there);
        k_tiles(weights + o * depth, depth, outputs - o, packed, n, sums);
        if (outputs - o > 8) {
            k_tiles(weights + (o + 8) * depth, depth, outputs - o - 8, packed, n, sums + 8);
        }
        for (int32_t i = 0; i < n; i++) {
            k_finish(to, &s, o, there, _mm512_load_si512(sums + K_ROWS * i), less[i], at[i].y);
        }
    }
}

/* A run is long where its weights, turned so that a vector has four bytes of each of 16 rows, are used often enough. */
#define K_LONG 48
#define K_MOST_TURNED 1024
#define K_WIDE (2 * K_ROWS)

/* 16 bytes of 16 rows, or of as many as there are: q[i] holds bytes 4 * i to 4 * i + 3 of each. */
K_INLINE void k_turn_16(const int8_t *w, int32_t depth, int32_t rows, __mmask16 some, __m512i q[4])
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        const __m512i four = k_four_rows(w + 4 * i * depth, depth, 1, rows - 4 * i, some);
        q[i] = _mm512_permutexvar_epi32(order, four);
    }
    k_in_order(q);
}

/* Vector k of `turned` holds bytes 4 * k to 4 * k + 3 of the rows. */
static void k_turn(const int8_t *w, int32_t depth, int32_t rows, __m512i *turned)
{
    for (int32_t k = 0; k < depth; k += 16) {
        __m512i q[4];
        if (rows >= K_ROWS && k + 16 <= depth) {
            k_turn_16(w + k, depth, K_ROWS, 0xFFFF, q);
        } else {
            k_turn_16(w + k, depth, rows, k_of_16(depth - k), q);
        }
        for (int32_t i = 0; i < 4 && k + 4 * i < depth; i++) {
            _mm512_store_si512(turned + k / 4 + i, q[i]);
        }
    }
}

#define K_ADD_FOUR(i, from, place)                                                                                     \
    memcpy(&four, from + place * depth, sizeof four);                                                                  \
    all = _mm512_set1_epi32(four);                                                                                     \
    __asm__("vpdpbusd %1, %2, %0" : "+v"(even##i) : "v"(all), "v"(w0));                                                \
    __asm__("vpdpbusd %1, %2, %0" : "+v"(odd##i) : "v"(all), "v"(w1));
#define K_KEEP_WIDE(i)                                                                                                 \
    _mm512_store_si512(sums + i * K_WIDE, even##i);                                                                    \
    _mm512_store_si512(sums + i * K_WIDE + K_ROWS, odd##i);

/* Sums of 32 turned rows with K_PACKED pixels that follow one another. */
static void k_wide_tile(const __m512i *turned, const __m512i *upper, const int8_t *x, int32_t depth, int32_t *sums)
{
    const int8_t *x3 = x + 3 * depth;
    const int8_t *x6 = x3 + 3 * depth;
    const int8_t *x9 = x6 + 3 * depth;
    __m512i all;
    int32_t four;
    K_TWELVE(K_ZERO)
    for (int32_t k = 0; k < depth; k += 4, turned++, upper++, x += 4, x3 += 4, x6 += 4, x9 += 4) {
        const __m512i w0 = _mm512_load_si512(turned);
        const __m512i w1 = _mm512_load_si512(upper);
        K_ADD_FOUR(0, x, 0)
        K_ADD_FOUR(1, x, 1)
        K_ADD_FOUR(2, x, 2)
        K_ADD_FOUR(3, x3, 0)
        K_ADD_FOUR(4, x3, 1)
        K_ADD_FOUR(5, x3, 2)
        K_ADD_FOUR(6, x6, 0)
        K_ADD_FOUR(7, x6, 1)
        K_ADD_FOUR(8, x6, 2)
        K_ADD_FOUR(9, x9, 0)
        K_ADD_FOUR(10, x9, 1)
        K_ADD_FOUR(11, x9, 2)
    }
    K_TWELVE(K_KEEP_WIDE)
}

/* n pixels that follow one another from x on, the first of which is at[first]; the next is `step` from it. */
static void k_long(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs, const int8_t *x,
                   const k_meeting *first, int32_t step, int32_t n)
{
    __m512i turned[2][K_MOST_TURNED / 4];
    int32_t sums[K_PACKED * K_WIDE] __attribute__((aligned(64)));
    int32_t less[K_BLOCK];
    for (int32_t i = 0; i < n; i++) {
        less[i] = k_sum_128(x + i * depth, depth);
    }
    for (int32_t o = 0; o < outputs; o += K_WIDE) {
        const int32_t beyond = o + K_ROWS < outputs ? o + K_ROWS : o;
        const __mmask16 there[2] = {k_of_16(outputs - o), k_of_16(outputs - beyond)};
        const k_scales s[2] = {k_scales_of(to, o, there[0]), k_scales_of(to, beyond, there[1])};
        k_turn(weights + o * depth, depth, outputs - o, turned[0]);
        k_turn(weights + beyond * depth, depth, outputs - beyond, turned[1]);
        for (int32_t next = 0; next < n; next += K_PACKED) { /* the last ones once more where they are too few */
            const int32_t at = next + K_PACKED <= n ? next : n - K_PACKED;
            k_wide_tile(turned[0], turned[1], x + at * depth, depth, sums);
            for (int32_t i = 0; i < K_PACKED; i++) {
                int8_t *y = first[(at + i) * step].y;
                k_finish(to, &s[0], o, there[0], _mm512_load_si512(sums + K_WIDE * i), less[at + i], y);
                if (beyond != o) {
                    const __m512i more = _mm512_load_si512(sums + K_WIDE * i + K_ROWS);
                    k_finish(to, &s[1], beyond, there[1], more, less[at + i], y);
                }
            }
        }
    }
}

static void k_matrix(const k_channels *to, const int8_t *weights, int32_t depth, int32_t outputs,
                     const k_meeting at[K_BLOCK], int32_t n)
{
    const int fits = n >= K_LONG && depth % 4 == 0 && depth <= K_MOST_TURNED;
    if (fits && at[n - 1].x - at[0].x == (n - 1) * depth) {
        k_long(to, weights, depth, outputs, at[0].x, at, 1, n);
    } else if (fits && at[0].x - at[n - 1].x == (n - 1) * depth) {
        k_long(to, weights, depth, outputs, at[n - 1].x, at + n - 1, -1, n);
    } else if (n == 1 || depth > K_MOST_DEPTH) {
        for (int32_t i = 0; i < n; i++) {
            k_one(to, weights, depth, outputs, at + i);
        }
    } else {
        for (int32_t i = 0; i < n; i += K_PACKED) {
            k_few(to, weights, depth, outputs, at + i, n - i < K_PACKED ? n - i : K_PACKED);
        }
    }
}
