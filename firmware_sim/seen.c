/* What a debug build of a firmware folder does with pixels once they are written: keeps them. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* By tensor: its bytes, and which of them were written; NULL for one that nobody asks for. One inference of a thread at a time. */
static _Thread_local int8_t *const *kept;
static _Thread_local uint8_t *const *marks;

void sixmeg_watch(int8_t *const *bytes_by_tensor, uint8_t *const *marks_by_tensor)
{
    kept = bytes_by_tensor;
    marks = marks_by_tensor;
}

void sixmeg_seen(int32_t tensor, const int8_t *at, const int32_t shape[4], int32_t begin, int32_t end)
{
    const int32_t pixels = shape[0], slots = shape[1], bytes = shape[2], backwards = shape[3];
    if (kept[tensor] == NULL) {
        return;
    }
    for (int32_t i = begin; i < end; i++) {
        const int32_t p = backwards ? pixels - 1 - i : i;
        const int32_t slot = slots < pixels ? i % slots : p;
        memcpy(kept[tensor] + (int64_t)p * bytes, at + (int64_t)slot * bytes, (size_t)bytes);
        memset(marks[tensor] + (int64_t)p * bytes, 1, (size_t)bytes);
    }
}
