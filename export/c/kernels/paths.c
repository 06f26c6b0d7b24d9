/* Who multiplies: the vector unit Helium, the DSP extension of Cortex-M, the vectors of x86-64, or, for all else and
 * where K_PLAIN is defined, plain C. All have the same bits. */
#if defined(__thumb2__) && !defined(__ARM_BIG_ENDIAN)
#define K_CORTEX_M
#endif
#if defined(__ARM_FEATURE_MVE) && defined(K_CORTEX_M) && !defined(K_PLAIN)
#define K_MVE
#include <arm_mve.h>
#elif defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_UNALIGNED) && defined(K_CORTEX_M) && !defined(K_PLAIN)
#define K_DSP
#include <arm_acle.h>
#elif defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__) && !defined(K_PLAIN)
#define K_AVX512
#include <immintrin.h>
#elif defined(__AVX2__) && !defined(K_PLAIN)
#define K_AVX2
#include <immintrin.h>
#endif
