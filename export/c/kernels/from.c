static const int8_t *k_from(const k_source *ifm, int32_t p)
{
    int32_t slot = p;
    if (ifm->slots < ifm->pixels) {
        slot = (ifm->backwards ? ifm->pixels - 1 - p : p) % ifm->slots;
    }
    return ifm->at + slot * ifm->bytes;
}
