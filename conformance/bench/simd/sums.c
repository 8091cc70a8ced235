// Loops over arrays that the compiler makes vectors of: sums, products, minima, prefixes of 32-bit integers and floats.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1 << 16 };
static int32_t a[COUNT], b[COUNT], c[COUNT];
static float x[COUNT], y[COUNT];

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 900;
  for (int i = 0; i < COUNT; i++) a[i] = i * 7 % 1000, b[i] = i * 13 % 777, x[i] = (float)(i % 100), y[i] = (float)(i % 77);
  int32_t sum = 0, least = 0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < COUNT; i++) c[i] = a[i] * 3 + (b[i] ^ round) - (a[i] >> 2);
    for (int i = 0; i < COUNT; i++) sum += c[i] & 0xff;
    for (int i = 0; i < COUNT; i++) least = c[i] < least ? c[i] : least;
    for (int i = 0; i < COUNT; i++) y[i] = x[i] * 0.5f + y[i] * 0.25f;
    a[round % COUNT] = sum & 1023;
  }
  printf("%d %d %.3f\n", sum, least, (double)y[COUNT - 1]);
}
