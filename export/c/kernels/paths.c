/* Who multiplies: the vector unit Helium, the DSP extension of Cortex-M, or, for all else and where K_PLAIN is
 * defined, plain C. All have the same bits. */
#if defined(__ARM_FEATURE_MVE) && !defined(K_PLAIN)
#define K_MVE
#include <arm_mve.h>
#elif defined(__ARM_FEATURE_DSP) && !defined(K_PLAIN)
#define K_DSP
#endif
