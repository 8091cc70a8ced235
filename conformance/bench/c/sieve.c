/* Sieve of Eratosthenes on bytes, and a segmented sieve on bits. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int byte_sieve(uint8_t *composite, int limit) {
    memset(composite, 0, (size_t)limit + 1);
    int primes = 0;
    for (int i = 2; i <= limit; i++) {
        if (composite[i]) continue;
        primes++;
        for (int64_t j = (int64_t)i * i; j <= limit; j += i) composite[j] = 1;
    }
    return primes;
}

static uint32_t bit_sieve(uint32_t *words, int limit) {
    int count = limit / 2 + 1;
    memset(words, 0, ((size_t)count / 32 + 1) * 4);
    uint32_t checksum = 2;
    for (int i = 1; i < count; i++) {
        if (words[i >> 5] >> (i & 31) & 1) continue;
        int prime = 2 * i + 1;
        checksum = checksum * 31 + (uint32_t)prime;
        for (int64_t j = 2LL * i * (i + 1); j < count; j += prime) words[j >> 5] |= 1u << (j & 31);
    }
    return checksum;
}

int main(int argc, char **argv) {
    int limit = argc > 1 ? atoi(argv[1]) : 6000000;
    uint8_t *bytes = malloc((size_t)limit + 64);
    if (!bytes) return 1;
    int primes = 0;
    uint32_t checksum = 0;
    for (int round = 0; round < 4; round++) {
        primes += byte_sieve(bytes, limit - round);
        checksum ^= bit_sieve((uint32_t *)bytes, limit - round) * (uint32_t)(round + 1);
    }
    printf("%d primes, checksum %08x\n", primes, checksum);
    free(bytes);
    return 0;
}
