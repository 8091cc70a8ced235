// The Mandelbrot set, two points at a time in lanes of 64-bit floats.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wasm_simd128.h>

int main(int argc, char **argv) {
  int size = argc > 1 ? atoi(argv[1]) : 1400;
  uint32_t inside = 0;
  v128_t two = wasm_f64x2_splat(2), four = wasm_f64x2_splat(4);
  for (int y = 0; y < size; y++) {
    v128_t ci = wasm_f64x2_splat(2.0 * y / size - 1);
    for (int x = 0; x < size; x += 2) {
      v128_t cr = wasm_f64x2_make(2.0 * x / size - 1.5, 2.0 * (x + 1) / size - 1.5);
      v128_t zr = wasm_f64x2_splat(0), zi = zr, alive = wasm_i64x2_splat(-1);
      for (int i = 0; i < 50 && wasm_v128_any_true(alive); i++) {
        v128_t rr = wasm_f64x2_mul(zr, zr), ii = wasm_f64x2_mul(zi, zi);
        alive = wasm_v128_and(alive, wasm_f64x2_le(wasm_f64x2_add(rr, ii), four));
        zi = wasm_f64x2_add(wasm_f64x2_mul(wasm_f64x2_mul(two, zr), zi), ci);
        zr = wasm_f64x2_add(wasm_f64x2_sub(rr, ii), cr);
      }
      inside += (uint32_t)__builtin_popcount(wasm_i64x2_bitmask(alive));
    }
  }
  printf("%u inside\n", inside);
}
