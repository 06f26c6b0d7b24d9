/* Pixels that a matrix of weights is multiplied with at a time. */
#define K_BLOCK 9
