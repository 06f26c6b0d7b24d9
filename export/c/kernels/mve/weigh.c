/* q4 to q7 = sums of up to 16 channels of the taps at `x`, `at` bytes after them: those of channels c, c + 4, c + 8
 * and c + 12 are lanes of a vector. Two products fit 16 bits, for no weight is -128. TWO, ONE and T are what
 * predicates the loads, so that none beyond the channels is read. */
#define K_SUMS_OF_TAPS(TWO, ONE, T)               \
    "   lsrs       lr, %[taps], #1\n"             \
    "   bcs        1f\n"                          \
    "   vmov.i32   q4, #0\n"                      \
    "   vmov.i32   q5, #0\n"                      \
    "   vmov.i32   q6, #0\n"                      \
    "   vmov.i32   q7, #0\n"                      \
    "   b          2f\n"                          \
    "1: ldr        %[a], [%[x]], #4\n"            \
    "   add        %[a], %[a], %[at]\n" TWO       \
    "   vldrb" T ".8 q1, [%[a]]\n"                \
    "   vldrb" T ".8 q2, [%[w]]\n"                \
    "   add        %[w], %[w], %[step]\n"         \
    "   vmullb.s8  q0, q1, q2\n"                  \
    "   vmullt.s8  q1, q1, q2\n"                  \
    "   vmovlb.s16 q4, q0\n"                      \
    "   vmovlb.s16 q5, q1\n"                      \
    "   vmovlt.s16 q6, q0\n"                      \
    "   vmovlt.s16 q7, q1\n"                      \
    "2: wls        lr, lr, 4f\n"                  \
    "3: ldrd       %[a], %[b], [%[x]], #8\n"      \
    "   add        %[a], %[a], %[at]\n"           \
    "   add        %[b], %[b], %[at]\n" TWO       \
    "   vldrb" T ".8 q1, [%[a]]\n"                \
    "   vldrb" T ".8 q2, [%[w]]\n"                \
    "   add        %[w], %[w], %[step]\n"         \
    "   vmullb.s8  q0, q1, q2\n"                  \
    "   vmullt.s8  q1, q1, q2\n" TWO              \
    "   vldrb" T ".8 q2, [%[b]]\n"                \
    "   vldrb" T ".8 q3, [%[w]]\n"                \
    "   add        %[w], %[w], %[step]\n"         \
    "   vmullb.s8  q2, q2, q3\n"                  \
    "   vadd.i16   q0, q0, q2\n" ONE              \
    "   vldrb" T ".8 q2, [%[b]]\n"                \
    "   vmullt.s8  q2, q2, q3\n"                  \
    "   vadd.i16   q1, q1, q2\n"                  \
    "   vmovlb.s16 q2, q0\n"                      \
    "   vmovlt.s16 q0, q0\n"                      \
    "   vadd.i32   q4, q4, q2\n"                  \
    "   vmovlb.s16 q2, q1\n"                      \
    "   vadd.i32   q6, q6, q0\n"                  \
    "   vmovlt.s16 q1, q1\n"                      \
    "   vadd.i32   q5, q5, q2\n"                  \
    "   vadd.i32   q7, q7, q1\n"                  \
    "   le         lr, 3b\n"                      \
    "4:\n"

/* Sixteen channels of a `simple` layer. */
static inline void k_sixteen(const k_channels *to, const int8_t *const *x, int32_t taps, int32_t at, const int8_t *w,
                             int32_t step, int32_t first, int8_t *y)
{
    const int8_t *a;
    const int8_t *b;
    __asm__ volatile(K_SUMS_OF_TAPS("", "", "")
                     "   vld40.32     {q0, q1, q2, q3}, [%[bias]]\n"
                     "   vld41.32     {q0, q1, q2, q3}, [%[bias]]\n"
                     "   vld42.32     {q0, q1, q2, q3}, [%[bias]]\n"
                     "   vld43.32     {q0, q1, q2, q3}, [%[bias]]\n"
                     "   vadd.i32     q4, q4, q0\n"
                     "   vadd.i32     q5, q5, q1\n"
                     "   vadd.i32     q6, q6, q2\n"
                     "   vadd.i32     q7, q7, q3\n"
                     "   vld40.32     {q0, q1, q2, q3}, [%[multiplier]]\n"
                     "   vld41.32     {q0, q1, q2, q3}, [%[multiplier]]\n"
                     "   vld42.32     {q0, q1, q2, q3}, [%[multiplier]]\n"
                     "   vld43.32     {q0, q1, q2, q3}, [%[multiplier]]\n"
                     "   vqrdmulh.s32 q4, q4, q0\n"
                     "   vqrdmulh.s32 q5, q5, q1\n"
                     "   vqrdmulh.s32 q6, q6, q2\n"
                     "   vqrdmulh.s32 q7, q7, q3\n"
                     "   vldrb.8      q2, [%[shift]]\n"
                     "   vmovlb.s8    q0, q2\n"
                     "   vmovlt.s8    q1, q2\n"
                     "   vmovlb.s16   q2, q0\n"
                     "   vmovlt.s16   q0, q0\n"
                     "   vmovlb.s16   q3, q1\n"
                     "   vmovlt.s16   q1, q1\n"
                     "   vrshl.s32    q4, q4, q2\n"
                     "   vrshl.s32    q5, q5, q3\n"
                     "   vrshl.s32    q6, q6, q0\n"
                     "   vrshl.s32    q7, q7, q1\n"
                     "   mvn          %[a], #127\n"
                     "   vqmovnb.s32  q0, q4\n"
                     "   vqmovnt.s32  q0, q6\n"
                     "   vqmovnb.s32  q1, q5\n"
                     "   vqmovnt.s32  q1, q7\n"
                     "   vqadd.s16    q0, q0, %[a]\n"
                     "   vqadd.s16    q1, q1, %[a]\n"
                     "   vqmovnb.s16  q0, q0\n"
                     "   vqmovnt.s16  q0, q1\n"
                     "   vstrb.8      q0, [%[y]]\n"
                     : [x] "+r"(x), [w] "+r"(w), [a] "=&r"(a), [b] "=&r"(b)
                     : [at] "r"(at), [step] "r"(step), [taps] "r"(taps), [bias] "r"(to->bias + first),
                       [multiplier] "r"(to->multiplier + first), [shift] "r"(to->shift + first), [y] "r"(y)
                     : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "lr", "cc", "memory");
}

/* n channels of any layer. */
static void k_some(const k_channels *to, const int8_t *const *x, int32_t taps, int32_t at, const int8_t *w,
                   int32_t step, int32_t first, int32_t n, int8_t *y)
{
    int32_t sums[K_LANES];
    const int8_t *a;
    const int8_t *b;
    __asm__ volatile("   vctp.8     %[n]\n" 
                     K_SUMS_OF_TAPS("   vpstt\n", "   vpst\n", "t")
                     "   vst40.32   {q4, q5, q6, q7}, [%[sums]]\n"
                     "   vst41.32   {q4, q5, q6, q7}, [%[sums]]\n"
                     "   vst42.32   {q4, q5, q6, q7}, [%[sums]]\n"
                     "   vst43.32   {q4, q5, q6, q7}, [%[sums]]\n"
                     : [x] "+r"(x), [w] "+r"(w), [a] "=&r"(a), [b] "=&r"(b)
                     : [at] "r"(at), [step] "r"(step), [taps] "r"(taps), [n] "r"(n), [sums] "r"(sums)
                     : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "lr", "cc", "memory");
    for (int32_t j = 0; j < n; j += 4) {
        k_requantize(to, first + j, n - j < 4 ? n - j : 4, vldrwq_s32(sums + j), y + j);
    }
}

/* The pixel y whose taps lie `from` bytes after x. All channels that are computed at a time are read before one is
 * written, upwards or downwards, so that the output may lie over an input. */
static void k_weigh(const k_depthwise_conv_2d_op *op, const int8_t *const x[K_MOST_TAPS], int32_t from, int8_t *y,
                    int32_t backwards)
{
    const int32_t taps = op->window.size_h * op->window.size_w;
    const int32_t channels = op->outputs;
    const int32_t last = (channels - 1) / K_LANES * K_LANES;
    int32_t first = backwards ? last : 0;
    do {
        const int32_t n = channels - first;
        const int8_t *w = op->weights + first;
        if (n >= K_LANES && op->to.simple) {
            k_sixteen(&op->to, x, taps, from + first, w, channels, first, y + first);
        } else {
            k_some(&op->to, x, taps, from + first, w, channels, first, n < K_LANES ? n : K_LANES, y + first);
        }
        first += backwards ? -K_LANES : K_LANES;
    } while (first >= 0 && first < channels);
}
