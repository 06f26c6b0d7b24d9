/* The same where windows follow no stride: above[y] pixels are read by the rows above output row y; row y itself
 * reads up to row rows[y], none where that is below 0, and pixels 0 to x of it fewer than cols[x] of that row. */
typedef struct {
    int32_t ofm_w, ifm_w;
    const int32_t *above;
    const int16_t *rows;
    const int16_t *cols;
} k_list;

int32_t k_listed(const k_list *list, int32_t end);
