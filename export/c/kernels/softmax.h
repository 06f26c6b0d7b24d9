/* exps[d] is exp(-d * scale * beta) in Q0.31. */
typedef struct {
    const int32_t *exps;
} k_softmax_op;

void k_softmax(const k_softmax_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end);
