// Products of matrices of 32-bit floats, four columns at a time.
#include <stdio.h>
#include <stdlib.h>
#include <wasm_simd128.h>

enum { SIZE = 256 };
static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 12;
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) a[i][j] = (float)((i * 7 + j) % 13) / 13, b[i][j] = (float)((i + j * 5) % 11) / 11;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < SIZE; i++) {
      for (int j = 0; j < SIZE; j += 8) {
        v128_t left = wasm_f32x4_splat(0), right = left;
        for (int k = 0; k < SIZE; k++) {
          v128_t factor = wasm_v128_load32_splat(&a[i][k]);
          left = wasm_f32x4_add(left, wasm_f32x4_mul(factor, wasm_v128_load(&b[k][j])));
          right = wasm_f32x4_add(right, wasm_f32x4_mul(factor, wasm_v128_load(&b[k][j + 4])));
        }
        wasm_v128_store(&c[i][j], left);
        wasm_v128_store(&c[i][j + 4], right);
      }
    }
    a[round % SIZE][round * 3 % SIZE] = c[round % SIZE][round * 5 % SIZE] / SIZE;
  }
  float sum = 0;
  for (int i = 0; i < SIZE; i++) sum += c[i][i * 3 % SIZE];
  printf("sum %.3f\n", sum);
}
