/* Holds what kernels make of sums against the rule: all shifts, ends and ties. A sum is a bias, the weights are 0. */
#include "net.h"

#include "kernels.h"

#ifdef NET_BOARD
#include "board.h"
#else
#include <stdio.h>
#define board_write(text) (void)fputs(text, stdout)
#endif

#define CHANNELS 21 /* sixteen, four and one */
#define PIXELS 5    /* four and one */

static int32_t bias[CHANNELS], multiplier[CHANNELS];
static int8_t shift[CHANNELS];
static int32_t waiting, simple;
static uint32_t tried, wrong, seed = 1;

/* numerator / 2**bits towards minus infinity. */
static int64_t floored(int64_t numerator, int32_t bits)
{
    const int64_t whole = INT64_C(1) << bits;
    return numerator / whole - (numerator % whole < 0 ? 1 : 0);
}

static int32_t expected(const net_channels *to, int32_t c)
{
    const int32_t n = -to->shift[c];
    const int32_t x = n >= 0 ? to->bias[c] : (int32_t)((uint32_t)to->bias[c] << -n);
    const int64_t high = floored((int64_t)x * to->multiplier[c] + (INT64_C(1) << 30), 31);
    const int64_t size = high < 0 ? -high : high;
    const int64_t down = n > 0 ? (size + (INT64_C(1) << (n - 1))) >> n : size;
    const int64_t out = (high < 0 ? -down : down) + to->zero_point;
    return (int32_t)(out < to->low ? to->low : out > to->high ? to->high : out);
}

static void run(void)
{
    static const int8_t weights[CHANNELS * CHANNELS], ifm[PIXELS * CHANNELS];
    static int8_t ofm[2][PIXELS * CHANNELS];
    const net_window window = {.ifm_h = 1, .ifm_w = PIXELS, .ofm_w = PIXELS, .size_h = 1, .size_w = 1,
                               .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    const net_channels to = {.bias = bias, .multiplier = multiplier, .shift = shift,
                             .zero_point = simple ? -128 : 3, .low = simple ? -128 : -101,
                             .high = simple ? 127 : 102, .simple = simple};
    const net_conv_2d_op conv = {.window = window, .to = to, .weights = weights, .inputs = CHANNELS, .outputs = CHANNELS};
    const net_depthwise_conv_2d_op depthwise = {.window = window, .to = to, .weights = weights, .outputs = CHANNELS};
    const net_source from = {ifm, PIXELS, PIXELS, CHANNELS, 0};
    const net_pixels at[2] = {{ofm[0], PIXELS, PIXELS, CHANNELS, 0}, {ofm[1], PIXELS, PIXELS, CHANNELS, 0}};
    net_conv_2d(&conv, &from, &at[0], 0, PIXELS);
    net_depthwise_conv_2d(&depthwise, &from, &at[1], 0, PIXELS);
    for (int32_t c = 0; c < CHANNELS; c++) {
        const int32_t right = expected(&to, c);
        for (int32_t i = 0; i < 2 * PIXELS; i++) {
            tried++;
            wrong += ofm[i / PIXELS][i % PIXELS * CHANNELS + c] != right;
        }
    }
    waiting = 0;
}

static void add(int64_t acc, int32_t by, int32_t left)
{
    const int64_t largest = simple ? (INT64_C(1) << 30) - 1 : INT32_MAX;
    const int64_t most = left < 0 ? largest : (INT32_MAX - 255) >> left; /* an output's zero point is added */
    if (acc > most || acc < -most) {
        return;
    }
    bias[waiting] = (int32_t)acc;
    multiplier[waiting] = by;
    shift[waiting] = (int8_t)left;
    waiting++;
    if (waiting == CHANNELS) {
        run();
    }
}

static void add_all(int32_t by, int32_t left)
{
    static const int64_t ends[] = {0, 1, 1 << 29, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, INT32_MAX - 1, INT32_MAX};
    for (uint32_t n = 0; n < sizeof ends / sizeof ends[0]; n++) {
        add(ends[n], by, left);
        add(-ends[n], by, left);
    }
    for (int32_t half = -270; half <= 270; half++) { /* sums whose output is half / 2, and those beside them */
        const int32_t right = left < 0 ? -left : 0;
        const int64_t scaled = ((int64_t)half << right) / 2;
        if (scaled <= INT32_MAX && scaled >= -INT32_MAX) {
            const int64_t acc = (scaled << 31) / by / (INT64_C(1) << (left > 0 ? left : 0));
            for (int64_t near = -2; near <= 2; near++) {
                add(acc + near, by, left);
            }
        }
    }
    for (int32_t n = 0; n < 50; n++) {
        seed = seed * UINT32_C(1664525) + UINT32_C(1013904223); /* Numerical Recipes' generator */
        add((int32_t)seed >> (n % 31), by, left);
    }
}

int main(void)
{
    static const int32_t factors[] = {1 << 30, (1 << 30) + 1, 1518500250, 1999999999, INT32_MAX - 1, INT32_MAX};
    for (simple = 0; simple < 2; simple++) {
        for (uint32_t n = 0; n < sizeof factors / sizeof factors[0]; n++) {
            for (int32_t left = -31; left <= (simple ? -1 : 30); left++) {
                add_all(factors[n], left);
            }
        }
        waiting = 0;
    }
    board_write(wrong == 0 && tried > 1000000 ? "all right\n" : "wrong\n");
    return wrong != 0;
}
