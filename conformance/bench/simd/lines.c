// Lines and words of a text counted, bytes looked for: comparisons of 16 bytes at a time, bitmasks.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wasm_simd128.h>

enum { BYTES = 1 << 20 };
static uint8_t text[BYTES];

static unsigned bits_of(v128_t bytes, uint8_t byte) { return wasm_i8x16_bitmask(wasm_i8x16_eq(bytes, wasm_i8x16_splat((int8_t)byte))); }

static size_t find(size_t from, uint8_t byte) {
  for (; from < BYTES; from += 16) {
    unsigned bits = bits_of(wasm_v128_load(text + from), byte);
    if (bits) return from + (size_t)__builtin_ctz(bits);
  }
  return BYTES;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 200;
  uint32_t seed = 1;
  for (int i = 0; i < BYTES; i++) {
    seed = seed * 1103515245u + 12345u;
    uint32_t random = seed >> 16;
    text[i] = random % 61 == 0 ? '\n' : random % 7 == 0 ? ' ' : (uint8_t)('a' + random % 26);
  }
  uint32_t lines = 0, words = 0, found = 0;
  for (int round = 0; round < rounds; round++) {
    unsigned before = 1;
    for (int i = 0; i < BYTES; i += 16) {
      v128_t bytes = wasm_v128_load(text + i);
      unsigned ends = bits_of(bytes, '\n'), gaps = ends | bits_of(bytes, ' ');
      lines += (uint32_t)__builtin_popcount(ends);
      words += (uint32_t)__builtin_popcount(~gaps & (gaps << 1 | before) & 0xffff);
      before = gaps >> 15 & 1;
    }
    text[round * 4099 % BYTES] = '!';
    found = found * 31 + (uint32_t)find((size_t)(round * 16), '!');
  }
  printf("%u lines, %u words, %08x\n", lines, words, found);
}
