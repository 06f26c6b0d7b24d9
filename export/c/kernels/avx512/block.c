/* Pixels that a matrix of weights is multiplied with at a time: of a long run, and of those that are packed. */
#define K_BLOCK 480
#define K_PACKED 12
