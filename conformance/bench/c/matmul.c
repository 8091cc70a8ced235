/* Dense matrix product in f64 and in i32. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void multiply_f64(const double *a, const double *b, double *out, int n) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
            out[i * n + j] = sum;
        }
}

static void multiply_i32(const uint32_t *a, const uint32_t *b, uint32_t *out, int n) {
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) out[i * n + j] = 0;
        for (int k = 0; k < n; k++) {
            uint32_t factor = a[i * n + k];
            for (int j = 0; j < n; j++) out[i * n + j] += factor * b[k * n + j];
        }
    }
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 300;
    size_t cells = (size_t)n * (size_t)n;
    double *a = malloc(cells * 8), *b = malloc(cells * 8), *c = malloc(cells * 8);
    uint32_t *x = malloc(cells * 4), *y = malloc(cells * 4), *z = malloc(cells * 4);
    if (!a || !b || !c || !x || !y || !z) return 1;
    for (size_t i = 0; i < cells; i++) {
        a[i] = (double)(i % 17) * 0.25 - 1;
        b[i] = (double)(i % 23) * 0.5 - 3;
        x[i] = (uint32_t)i * 2654435761u >> 20;
        y[i] = (uint32_t)i * 40503u;
    }
    multiply_f64(a, b, c, n);
    multiply_f64(c, a, b, n);
    multiply_i32(x, y, z, n);
    double trace = 0;
    uint32_t checksum = 0;
    for (int i = 0; i < n; i++) trace += b[i * n + i];
    for (size_t i = 0; i < cells; i++) checksum = checksum * 31 + z[i];
    printf("trace %.3f, checksum %08x\n", trace, checksum);
    return 0;
}
