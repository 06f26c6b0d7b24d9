static int8_t k_clamp(int32_t value, int32_t low, int32_t high)
{
    int32_t inside = value < low ? low : value;
    inside = inside > high ? high : inside;
    return (int8_t)inside;
}
