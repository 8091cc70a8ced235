// Base64 of a text and back: lookups by swizzles, shifts, comparisons of bytes.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasm_simd128.h>

enum { BYTES = 96 * 1024 };
static uint8_t text[BYTES + 16], code[BYTES / 3 * 4 + 16], back[BYTES + 16];

static void encode(void) {
  uint8_t *to = code;
  for (const uint8_t *from = text; from < text + BYTES; from += 12, to += 16) {
    v128_t in = wasm_v128_load(from);
    in = wasm_i8x16_shuffle(in, in, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    v128_t ac = wasm_v128_and(in, wasm_i32x4_splat(0x0fc0fc00)), bd = wasm_v128_and(in, wasm_i32x4_splat(0x003f03f0));
    ac = wasm_v128_or(wasm_v128_and(wasm_u32x4_shr(ac, 10), wasm_i32x4_splat(0x3f)),
                      wasm_v128_and(wasm_u32x4_shr(ac, 6), wasm_i32x4_splat(0x3f0000)));
    bd = wasm_v128_or(wasm_v128_and(wasm_i32x4_shl(bd, 4), wasm_i32x4_splat(0x3f00)),
                      wasm_v128_and(wasm_i32x4_shl(bd, 8), wasm_i32x4_splat(0x3f000000)));
    v128_t digits = wasm_v128_or(ac, bd);
    v128_t range = wasm_u8x16_sub_sat(digits, wasm_i8x16_splat(51));
    range = wasm_i8x16_sub(range, wasm_i8x16_gt(digits, wasm_i8x16_splat(25)));
    const v128_t offsets = wasm_i8x16_make(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0);
    wasm_v128_store(to, wasm_i8x16_add(digits, wasm_i8x16_swizzle(offsets, range)));
  }
}

static v128_t in_range(v128_t bytes, int8_t first, int8_t last, int8_t offset) {
  v128_t inside = wasm_v128_and(wasm_i8x16_ge(bytes, wasm_i8x16_splat(first)), wasm_i8x16_le(bytes, wasm_i8x16_splat(last)));
  return wasm_v128_and(inside, wasm_i8x16_splat(offset));
}

static void decode(void) {
  uint8_t *to = back;
  for (const uint8_t *from = code; from < code + BYTES / 3 * 4; from += 16, to += 12) {
    v128_t in = wasm_v128_load(from);
    v128_t offset = wasm_v128_or(in_range(in, 'A', 'Z', -65), in_range(in, 'a', 'z', -71));
    offset = wasm_v128_or(offset, wasm_v128_or(in_range(in, '0', '9', 4), in_range(in, '+', '+', 19)));
    v128_t digits = wasm_i8x16_add(in, wasm_v128_or(offset, in_range(in, '/', '/', 16)));
    v128_t even = wasm_v128_and(digits, wasm_i16x8_splat(0xff)), odd = wasm_u16x8_shr(digits, 8);
    v128_t pairs = wasm_v128_or(wasm_i16x8_shl(even, 6), odd);
    v128_t low = wasm_v128_and(pairs, wasm_i32x4_splat(0xffff)), high = wasm_u32x4_shr(pairs, 16);
    v128_t whole = wasm_v128_or(wasm_i32x4_shl(low, 12), high);
    wasm_v128_store(to, wasm_i8x16_shuffle(whole, whole, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 3, 3, 3, 3));
  }
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 250;
  for (int i = 0; i < BYTES; i++) text[i] = (uint8_t)(i * 31 + (i >> 8));
  uint32_t sum = 0;
  for (int round = 0; round < rounds; round++) {
    text[round * 37 % BYTES] ^= (uint8_t)round;
    encode();
    decode();
    if (memcmp(text, back, BYTES)) return 1;
    sum = sum * 31 + code[round * 53 % (BYTES / 3 * 4)];
  }
  printf("%.32s %08x\n", (const char *)code, sum);
}
