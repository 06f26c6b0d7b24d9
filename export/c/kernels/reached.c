static int32_t k_least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Pixels up to the last one that output pixel (y, x) reads; 0 where it reads none. */
static int32_t k_reached_at(const k_reach *reach, int32_t y, int32_t x)
{
    const int32_t row = k_least(y * reach->stride_h + reach->last_h, reach->limit_h);
    const int32_t col = k_least(x * reach->stride_w + reach->last_w, reach->limit_w);
    return row < 0 || col < 0 ? 0 : row * reach->ifm_w + col + 1;
}

int32_t k_reached(const k_reach *reach, int32_t end)
{
    const int32_t y = (end - 1) / reach->ofm_w;
    const int32_t here = k_reached_at(reach, y, (end - 1) % reach->ofm_w);
    const int32_t above = y > 0 ? k_reached_at(reach, y - 1, reach->ofm_w - 1) : 0;
    return here > above ? here : above;
}
