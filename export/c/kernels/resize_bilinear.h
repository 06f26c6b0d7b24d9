/* Of an output row or column: the two of the input that it lies between, and how far towards the second, in
 * 1024ths. */
typedef struct {
    int16_t low;
    int16_t high;
    int16_t there;
} k_between;

typedef struct {
    const k_between *rows;
    const k_between *cols;
    int32_t ifm_w, ofm_w;
} k_resize_bilinear_op;

void k_resize_bilinear(const k_resize_bilinear_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin,
                       int32_t end);
