/* SHA-256 over a generated buffer: 32-bit rotates, xors and adds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t constants[64], initial[8];

/* The constants are the first 32 bits of the fractional parts of roots of primes; they are computed here with
   exact integer roots, so that there is no table to mistype. */
static uint32_t root_fraction(uint64_t prime, int degree) {
    uint64_t low = 0, high = 1ull << 36; /* root scaled by 2^32 */
    while (low + 1 < high) {
        uint64_t middle = (low + high) / 2;
        unsigned __int128 power = (unsigned __int128)middle * middle;
        int over;
        if (degree == 2) {
            over = power > ((unsigned __int128)prime << 64);
        } else {
            /* middle^3 > prime * 2^96, without overflowing 128 bits: middle < 2^36 so the cube fits 108 bits */
            over = power * middle > ((unsigned __int128)prime << 96);
        }
        if (over) high = middle; else low = middle;
    }
    return (uint32_t)low;
}

static void prepare(void) {
    int found = 0;
    for (uint64_t candidate = 2; found < 64; candidate++) {
        int prime = 1;
        for (uint64_t d = 2; d * d <= candidate; d++)
            if (candidate % d == 0) prime = 0;
        if (!prime) continue;
        if (found < 8) initial[found] = root_fraction(candidate, 2);
        constants[found++] = root_fraction(candidate, 3);
    }
}

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void block(uint32_t *hash, const uint8_t *data) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)data[i * 4] << 24 | (uint32_t)data[i * 4 + 1] << 16 | (uint32_t)data[i * 4 + 2] << 8 | data[i * 4 + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    uint32_t v[8];
    memcpy(v, hash, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t e = v[4], a = v[0];
        uint32_t t1 = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + constants[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        v[7] = v[6]; v[6] = v[5]; v[5] = e; v[4] = v[3] + t1;
        v[3] = v[2]; v[2] = v[1]; v[1] = a; v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) hash[i] += v[i];
}

static void sha256(const uint8_t *data, size_t length, uint32_t *hash) {
    uint8_t tail[128] = {0};
    size_t whole = length / 64 * 64, rest = length - whole;
    memcpy(hash, initial, sizeof initial);
    for (size_t i = 0; i < whole; i += 64) block(hash, data + i);
    memcpy(tail, data + whole, rest);
    tail[rest] = 0x80;
    size_t padded = rest < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)length * 8;
    for (int i = 0; i < 8; i++) tail[padded - 1 - (size_t)i] = (uint8_t)(bits >> (8 * i));
    for (size_t i = 0; i < padded; i += 64) block(hash, tail + i);
}

static void show(const uint32_t *hash) {
    for (int i = 0; i < 8; i++) printf("%08x", hash[i]);
    printf("\n");
}

int main(int argc, char **argv) {
    size_t kilobytes = argc > 1 ? (size_t)atoi(argv[1]) : 8000;
    uint32_t hash[8];
    prepare();
    sha256((const uint8_t *)"abc", 3, hash);
    show(hash);
    static uint8_t buffer[65536 + 13];
    for (size_t i = 0; i < sizeof buffer; i++) buffer[i] = (uint8_t)(i * 167 + i / 256);
    for (size_t done = 0; done < kilobytes; done += 64) {
        sha256(buffer, sizeof buffer, hash);
        memcpy(buffer + done % 60000, hash, sizeof hash);
    }
    show(hash);
    return 0;
}
