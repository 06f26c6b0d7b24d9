static void k_bytes(int8_t *to, const int8_t *from, int32_t n)
{
    __asm__ volatile("   wlstp.8 lr, %[n], 2f\n"
                     "1: vldrb.8 q0, [%[from]], #16\n"
                     "   vstrb.8 q0, [%[to]], #16\n"
                     "   letp    lr, 1b\n"
                     "2:\n"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [n] "r"(n)
                     : "q0", "lr", "memory");
}
