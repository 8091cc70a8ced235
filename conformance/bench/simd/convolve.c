// A 3 x 3 filter over an image of bytes: widening additions and shifts of 16-bit lanes, narrowed with saturation.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wasm_simd128.h>

enum { WIDTH = 1024, HEIGHT = 512 };
static uint8_t image[2][HEIGHT][WIDTH];

static v128_t row_low(const uint8_t *at) { return wasm_u16x8_extend_low_u8x16(wasm_v128_load(at)); }
static v128_t row_high(const uint8_t *at) { return wasm_u16x8_extend_high_u8x16(wasm_v128_load(at)); }

static v128_t weigh(v128_t left, v128_t middle, v128_t right) {
  return wasm_i16x8_add(wasm_i16x8_add(left, right), wasm_i16x8_add(middle, middle));
}
static v128_t across_low(const uint8_t *at) { return weigh(row_low(at - 1), row_low(at), row_low(at + 1)); }
static v128_t across_high(const uint8_t *at) { return weigh(row_high(at - 1), row_high(at), row_high(at + 1)); }

static void filter(uint8_t (*from)[WIDTH], uint8_t (*to)[WIDTH]) {
  v128_t half = wasm_i16x8_splat(8);
  for (int y = 1; y < HEIGHT - 1; y++) {
    for (int x = 1; x + 17 <= WIDTH; x += 16) {
      const uint8_t *above = &from[y - 1][x], *here = &from[y][x], *below = &from[y + 1][x];
      v128_t low = weigh(across_low(above), across_low(here), across_low(below));
      v128_t high = weigh(across_high(above), across_high(here), across_high(below));
      low = wasm_u16x8_shr(wasm_i16x8_add(low, half), 4), high = wasm_u16x8_shr(wasm_i16x8_add(high, half), 4);
      wasm_v128_store(&to[y][x], wasm_u8x16_narrow_i16x8(low, high));
    }
  }
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 200;
  uint32_t seed = 1;
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) image[0][y][x] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 24);
  for (int i = 0; i < rounds; i++) filter(image[i & 1], image[~i & 1]);
  uint32_t sum = 0;
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) sum = sum * 31 + image[rounds & 1][y][x];
  printf("checksum %08x\n", sum);
}
