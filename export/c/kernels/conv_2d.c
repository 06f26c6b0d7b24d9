/* Bytes that follow one another in memory and meet weights that do; NULL stands for n zero points. */
typedef struct {
    const int8_t *x;
    int32_t weights;
    int32_t n;
} k_stretch;

static int32_t k_stretches(const k_conv_2d_op *op, const k_source *ifm, int32_t p, k_stretch found[K_MOST_TAPS])
{
    const int8_t *taps[K_MOST_TAPS];
    const int32_t count = op->window.size_h * op->window.size_w;
    int32_t last = -1;
    k_taps(&op->window, ifm, p, taps);
    for (int32_t tap = 0; tap < count; tap++) {
        const int8_t *x = taps[tap];
        const int8_t *expected = last >= 0 && found[last].x != NULL ? found[last].x + found[last].n : NULL;
        if (last >= 0 && x == expected && (x != NULL || found[last].x == NULL)) {
            found[last].n += op->inputs;
        } else {
            last++;
            found[last].x = x;
            found[last].weights = tap * op->inputs;
            found[last].n = op->inputs;
        }
    }
    return last + 1;
}

/* The bias holds -zero_point times every weight: what lies beside the picture is given back. */
static int32_t k_beside(const int8_t *w, int32_t n, int32_t zero_point)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < n; k++) {
        sum += w[k];
    }
    return sum * zero_point;
}

void k_conv_2d(const k_conv_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    const int32_t row = op->window.size_h * op->window.size_w * op->inputs;
    k_stretch read[K_MOST_TAPS];
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        const int32_t count = k_stretches(op, ifm, p, read);
        int8_t *y = k_to(ofm, p);
        int32_t o = 0;
        for (; o + 4 <= op->outputs; o += 4) {
            const int8_t *w = op->weights + o * row;
            int32_t acc[4];
            memcpy(acc, op->to.bias + o, sizeof acc);
            for (int32_t s = 0; s < count; s++) {
                const int8_t *ws = w + read[s].weights;
                if (read[s].x != NULL) {
                    k_dot_4(read[s].x, ws, row, read[s].n, acc);
                    continue;
                }
                for (int32_t j = 0; j < 4; j++) {
                    acc[j] += k_beside(ws + j * row, read[s].n, op->input_zero_point);
                }
            }
            for (int32_t j = 0; j < 4; j++) {
                y[o + j] = k_requantize(&op->to, o + j, acc[j]);
            }
        }
        for (; o < op->outputs; o++) {
            int32_t acc = op->to.bias[o];
            for (int32_t s = 0; s < count; s++) {
                const int8_t *ws = op->weights + o * row + read[s].weights;
                acc += read[s].x != NULL ? k_dot(read[s].x, ws, read[s].n)
                                         : k_beside(ws, read[s].n, op->input_zero_point);
            }
            y[o] = k_requantize(&op->to, o, acc);
        }
    }
}
