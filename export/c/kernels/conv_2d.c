void k_conv_2d(const k_conv_2d_op *op, const k_source *ifm, const k_pixels *ofm, int32_t begin, int32_t end)
{
    const int32_t depth = op->window.size_h * op->window.size_w * op->inputs;
    const int32_t block = depth == op->inputs || depth * K_BLOCK <= K_PATCH_BYTES ? K_BLOCK : K_PATCH_BYTES / depth;
    int8_t patches[K_PATCH_BYTES];
    k_meeting at[K_BLOCK];
    int32_t n = 0;
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = k_walked(ofm, i);
        at[n].x = k_patch(op, ifm, p, patches + n * depth);
        at[n].y = k_to(ofm, p);
        n++;
        if (n == block || i == end - 1) {
            k_matrix(&op->to, op->weights, depth, op->outputs, at, n);
            n = 0;
        }
    }
}
