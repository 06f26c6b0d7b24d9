/* A pixel's inputs, one after the other, and where its outputs go. */
typedef struct {
    const int8_t *x;
    int8_t *y;
} k_meeting;
