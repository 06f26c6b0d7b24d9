/* A tensor in the arena as pixels; a pixel is its last axis. A ring holds the pixels that are still needed:
 * the i-th pixel of the walk lies in slot i modulo slots. A walk backwards begins at the last pixel. */
typedef struct {
    int8_t *at;
    int32_t pixels;
    int32_t slots;
    int32_t bytes; /* of a pixel */
    int32_t backwards;
} k_pixels;

/* The same of what is only read. */
typedef struct {
    const int8_t *at;
    int32_t pixels;
    int32_t slots;
    int32_t bytes;
    int32_t backwards;
} k_source;
