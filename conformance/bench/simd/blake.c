// The mixing function of Argon2 over blocks of 1 KB: 64-bit lanes that are added, multiplied, rotated and shuffled.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wasm_simd128.h>

enum { BLOCKS = 64, WORDS = 128 };
static uint64_t memory[BLOCKS][WORDS];

static v128_t mul_add(v128_t x, v128_t y) {
  v128_t low = wasm_i32x4_shuffle(x, x, 0, 2, 0, 2), other = wasm_i32x4_shuffle(y, y, 0, 2, 0, 2);
  v128_t product = wasm_u64x2_extmul_low_u32x4(low, other);
  return wasm_i64x2_add(wasm_i64x2_add(x, y), wasm_i64x2_add(product, product));
}
static v128_t rotate32(v128_t x) { return wasm_i32x4_shuffle(x, x, 1, 0, 3, 2); }
static v128_t rotate24(v128_t x) { return wasm_i8x16_shuffle(x, x, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10); }
static v128_t rotate16(v128_t x) { return wasm_i8x16_shuffle(x, x, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9); }
static v128_t rotate63(v128_t x) { return wasm_v128_xor(wasm_u64x2_shr(x, 63), wasm_i64x2_add(x, x)); }

#define G(a, b, c, d)                                              \
  a = mul_add(a, b), d = rotate32(wasm_v128_xor(d, a));            \
  c = mul_add(c, d), b = rotate24(wasm_v128_xor(b, c));            \
  a = mul_add(a, b), d = rotate16(wasm_v128_xor(d, a));            \
  c = mul_add(c, d), b = rotate63(wasm_v128_xor(b, c));

static void mix(v128_t *x, int step) {
  v128_t a0 = x[0], a1 = x[step], b0 = x[2 * step], b1 = x[3 * step];
  v128_t c0 = x[4 * step], c1 = x[5 * step], d0 = x[6 * step], d1 = x[7 * step];
  G(a0, b0, c0, d0)
  G(a1, b1, c1, d1)
  v128_t s = wasm_i64x2_shuffle(b0, b1, 1, 2), t = wasm_i64x2_shuffle(b1, b0, 1, 2);
  v128_t u = wasm_i64x2_shuffle(d1, d0, 1, 2), v = wasm_i64x2_shuffle(d0, d1, 1, 2);
  G(a0, s, c1, u)
  G(a1, t, c0, v)
  x[0] = a0, x[step] = a1, x[2 * step] = wasm_i64x2_shuffle(t, s, 1, 2), x[3 * step] = wasm_i64x2_shuffle(s, t, 1, 2);
  x[4 * step] = c0, x[5 * step] = c1, x[6 * step] = wasm_i64x2_shuffle(v, u, 1, 2), x[7 * step] = wasm_i64x2_shuffle(u, v, 1, 2);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 30000;
  for (int i = 0; i < BLOCKS; i++)
    for (int j = 0; j < WORDS; j++) memory[i][j] = (uint64_t)(i * WORDS + j + 1) * 0x9e3779b97f4a7c15ull;
  for (int round = 0; round < rounds; round++) {
    const uint64_t *from = memory[memory[round % BLOCKS][0] % BLOCKS];
    v128_t block[WORDS / 2], before[WORDS / 2], number = wasm_i64x2_splat(round + 1);
    for (int i = 0; i < WORDS / 2; i++) {
      v128_t last = wasm_v128_load(&memory[round % BLOCKS][2 * i]);
      before[i] = block[i] = wasm_v128_xor(wasm_i64x2_add(wasm_v128_load(&from[2 * i]), number), last);
    }
    for (int i = 0; i < 8; i++) mix(block + 8 * i, 1);
    for (int i = 0; i < 8; i++) mix(block + i, 8);
    uint64_t *to = memory[(round + 1) % BLOCKS];
    for (int i = 0; i < WORDS / 2; i++) wasm_v128_store(&to[2 * i], wasm_v128_xor(block[i], before[i]));
  }
  printf("%016llx\n", (unsigned long long)memory[rounds % BLOCKS][5]);
}
