static int8_t *k_to(const k_pixels *ofm, int32_t p)
{
    int32_t slot = p;
    if (ofm->slots < ofm->pixels) {
        slot = (ofm->backwards ? ofm->pixels - 1 - p : p) % ofm->slots;
    }
    return ofm->at + slot * ofm->bytes;
}
