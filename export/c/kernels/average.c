/* sum / count, to nearest, ties away from zero. */
static int32_t k_average(int32_t sum, int32_t count)
{
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}
