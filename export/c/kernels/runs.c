int32_t k_run_end(int32_t begin, int32_t pixels, int32_t row, int32_t run)
{
    const int32_t rows_end = begin + run / row * row;
    const int32_t row_end = (begin / row + 1) * row;
    int32_t end = begin + run < row_end ? begin + run : row_end;
    end = run >= row ? rows_end : end;
    return end < pixels ? end : pixels;
}
