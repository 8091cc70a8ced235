/* Floating-point kernels: FFT, Jacobi relaxation, f32 and f64 conversions, square roots and rounding. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define POINTS 1024
#define GRID 64

static double re[POINTS], im[POINTS], cosines[POINTS / 2], sines[POINTS / 2];

/* Roots of unity by half-angle formulas and complex products, so that no libm function is involved. */
static void roots(void) {
    double c = -1, s = 0;
    for (int size = 2; size < POINTS; size *= 2) {
        s = sqrt((1 - c) / 2);
        c = sqrt((1 + c) / 2);
    }
    double x = 1, y = 0;
    for (int i = 0; i < POINTS / 2; i++) {
        cosines[i] = x;
        sines[i] = y;
        double t = x * c - y * s;
        y = x * s + y * c;
        x = t;
    }
}

static void fft(double sign) {
    for (int i = 1, j = 0; i < POINTS; i++) {
        int bit = POINTS >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            double t = re[i]; re[i] = re[j]; re[j] = t;
            t = im[i]; im[i] = im[j]; im[j] = t;
        }
    }
    for (int size = 2; size <= POINTS; size *= 2)
        for (int start = 0; start < POINTS; start += size)
            for (int k = 0; k < size / 2; k++) {
                double c = cosines[k * (POINTS / size)], s = sign * sines[k * (POINTS / size)];
                int a = start + k, b = a + size / 2;
                double x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
                re[b] = re[a] - x; im[b] = im[a] - y;
                re[a] += x; im[a] += y;
            }
}

static float relax(int sweeps) {
    static float grid[GRID][GRID], next[GRID][GRID];
    for (int i = 0; i < GRID; i++) grid[0][i] = next[0][i] = (float)i;
    for (int sweep = 0; sweep < sweeps; sweep++) {
        for (int y = 1; y < GRID - 1; y++)
            for (int x = 1; x < GRID - 1; x++)
                next[y][x] = 0.25f * (grid[y - 1][x] + grid[y + 1][x] + grid[y][x - 1] + grid[y][x + 1]);
        for (int y = 1; y < GRID - 1; y++)
            for (int x = 1; x < GRID - 1; x++) grid[y][x] = next[y][x];
    }
    float sum = 0;
    for (int y = 0; y < GRID; y++) sum += grid[y][GRID / 3];
    return sum;
}

static int64_t conversions(int count) {
    int64_t sum = 0;
    double x = 0.125;
    for (int i = 0; i < count; i++) {
        x = x * 1.000001 + 0.37;
        float f = (float)x;
        sum += (int64_t)floor(x * 3) + (int32_t)f - (int64_t)ceil((double)f / 7) + (int32_t)sqrtf(f);
        if (fabs(x) > 100000.0) x = -x / 99999.0 + copysign(2.0, x);
        if (x < 0) x = 0.5 - x;
    }
    return sum;
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 400;
    roots();
    for (int i = 0; i < POINTS; i++) re[i] = (double)(i * 37 % 101) / 10 - 5;
    double energy = 0;
    for (int round = 0; round < n; round++) {
        fft(1);
        energy += re[1] * re[1] + im[7] * im[7];
        fft(-1);
        for (int i = 0; i < POINTS; i++) {
            re[i] /= POINTS;
            im[i] /= POINTS;
        }
    }
    float warm = relax(n * 4);
    int64_t sum = conversions(n * 20000);
    printf("%.3f %.4f %.3f %lld\n", energy, re[5], (double)warm, (long long)sum);
    return 0;
}
