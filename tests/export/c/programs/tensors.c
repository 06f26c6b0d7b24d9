/* Runs the golden vectors and prints a digest of each tensor, of its pixels as they pass. The arena ends where a board's
 * memory ends, so that what is read or written beyond it is a fault. */
#include "net.h"

#include "golden.h"
#include "tensors.h"

#ifdef NET_BOARD
#include "board.h"
#define UNIT (NET_ARENA_ALIGNMENT_BYTES > 4 ? NET_ARENA_ALIGNMENT_BYTES : 4)
#define ARENA_BYTES ((NET_ARENA_BYTES + UNIT - 1) / UNIT * UNIT)
#define INVOKE(input, output) net_invoke_in((void *)(MEMORY_END - ARENA_BYTES), input, output)
#else
#include <stdio.h>
#define board_write(text) (void)fputs(text, stdout)
#define INVOKE(input, output) net_invoke(input, output)
#endif
#include <string.h>

static uint32_t digests[TENSORS];

void seen(int32_t tensor, const int8_t *at, const int32_t shape[4], int32_t begin, int32_t end)
{
    const int32_t pixels = shape[0];
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = shape[3] ? pixels - 1 - i : i;
        const int8_t *x = at + (shape[1] < pixels ? i % shape[1] : p) * shape[2];
        uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)p;
        for (int32_t k = 0; k < shape[2]; k++) {
            hash = (hash ^ (uint8_t)x[k]) * UINT32_C(16777619);
        }
        digests[tensor] += hash;
    }
}

int main(void)
{
    for (int32_t n = 0; n < NET_GOLDEN_COUNT; n++) {
        static net_output_t output[NET_OUTPUT_ELEMENTS];
        INVOKE(net_golden_input[n], output);
        board_write(memcmp(output, net_golden_output[n], sizeof output) == 0 ? "right" : "wrong");
        for (int32_t tensor = 0; tensor < TENSORS; tensor++) {
            char text[] = " 00000000";
            for (int32_t digit = 8; digit > 0; digit--) {
                text[digit] = "0123456789abcdef"[digests[tensor] & 15U];
                digests[tensor] >>= 4;
            }
            board_write(text);
        }
        board_write("\n");
    }
    return 0;
}
