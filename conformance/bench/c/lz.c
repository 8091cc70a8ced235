/* An LZ77 compressor with hash chains and its decompressor, on generated text; checks the round trip. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BITS 14
#define WINDOW 32768
#define LONGEST 259

static int32_t heads[1 << HASH_BITS], chain[WINDOW];

static uint32_t hash3(const uint8_t *p) {
    return ((uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]) * 2654435761u >> (32 - HASH_BITS);
}

static size_t generate(uint8_t *out, size_t size) {
    static const char *words[] = {"the ", "quick ", "brown ", "fox ", "jumps ", "over ", "lazy ", "dog ", "and ", "runs, ", "\n", "42 "};
    uint32_t seed = 2463534242u;
    size_t length = 0;
    while (length + 16 < size) {
        seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5;
        if (seed % 11 == 0) {
            out[length++] = (uint8_t)(33 + seed / 11 % 90);
        } else {
            const char *word = words[seed / 11 % 12];
            size_t count = strlen(word);
            memcpy(out + length, word, count);
            length += count;
        }
    }
    return length;
}

/* Tokens: a flag byte for eight items, then a literal byte, or two bytes of distance and one of length. */
static size_t compress(const uint8_t *in, size_t size, uint8_t *out) {
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) heads[i] = -1;
    size_t length = 0, flag_at = 0, position = 0;
    int items = 8;
    while (position < size) {
        if (items == 8) {
            flag_at = length++;
            out[flag_at] = 0;
            items = 0;
        }
        size_t best = 0, distance = 0;
        if (position + 3 <= size) {
            uint32_t hash = hash3(in + position);
            int32_t candidate = heads[hash];
            size_t most = size - position < LONGEST ? size - position : LONGEST;
            for (int tries = 0; candidate >= 0 && position - (size_t)candidate < WINDOW && tries < 24; tries++) {
                size_t match = 0;
                while (match < most && in[(size_t)candidate + match] == in[position + match]) match++;
                if (match > best) {
                    best = match;
                    distance = position - (size_t)candidate;
                }
                candidate = chain[candidate % WINDOW];
            }
        }
        size_t advance = 1;
        if (best >= 4) {
            out[flag_at] |= (uint8_t)(1u << items);
            out[length++] = (uint8_t)distance;
            out[length++] = (uint8_t)(distance >> 8);
            out[length++] = (uint8_t)(best - 4);
            advance = best;
        } else {
            out[length++] = in[position];
        }
        items++;
        for (; advance > 0; advance--, position++)
            if (position + 3 <= size) {
                uint32_t hash = hash3(in + position);
                chain[position % WINDOW] = heads[hash];
                heads[hash] = (int32_t)position;
            }
    }
    return length;
}

static size_t decompress(const uint8_t *in, size_t size, uint8_t *out) {
    size_t position = 0, length = 0;
    while (position < size) {
        uint8_t flags = in[position++];
        for (int item = 0; item < 8 && position < size; item++) {
            if (flags >> item & 1) {
                size_t distance = in[position] | (size_t)in[position + 1] << 8;
                size_t count = (size_t)in[position + 2] + 4;
                position += 3;
                for (; count > 0; count--, length++) out[length] = out[length - distance];
            } else {
                out[length++] = in[position++];
            }
        }
    }
    return length;
}

int main(int argc, char **argv) {
    size_t size = argc > 1 ? (size_t)atoi(argv[1]) : 1600000;
    uint8_t *text = malloc(size), *packed = malloc(size * 2), *back = malloc(size);
    if (!text || !packed || !back) return 1;
    size_t length = generate(text, size);
    size_t small = compress(text, length, packed);
    size_t restored = 0;
    for (int round = 0; round < 8; round++) restored = decompress(packed, small, back);
    uint32_t checksum = 0;
    for (size_t i = 0; i < small; i++) checksum = checksum * 31 + packed[i];
    int same = restored == length && memcmp(text, back, length) == 0;
    printf("%zu -> %zu bytes, %s, checksum %08x\n", length, small, same ? "round trip" : "DIFFERENT", checksum);
    return !same;
}
