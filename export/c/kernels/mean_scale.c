static int8_t k_mean_of(const k_mean_op *op, int32_t sum)
{
    const int32_t scaled = k_scale(sum - op->input_zero_point, op->multiplier, op->shift);
    return k_clamp(scaled + op->zero_point, -128, 127);
}
