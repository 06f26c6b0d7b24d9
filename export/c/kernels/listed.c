int32_t k_listed(const k_list *list, int32_t end)
{
    const int32_t y = (end - 1) / list->ofm_w;
    const int32_t row = list->rows[y];
    const int32_t cols = list->cols[(end - 1) % list->ofm_w];
    const int32_t here = row < 0 || cols == 0 ? 0 : row * list->ifm_w + cols;
    return here > list->above[y] ? here : list->above[y];
}
