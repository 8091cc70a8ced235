/* Points of the Mandelbrot set on a grid, in f64. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 1300;
    int inside = 0;
    uint32_t checksum = 0;
    for (int row = 0; row < n; row++) {
        double ci = 2.0 * row / n - 1.0;
        for (int column = 0; column < n; column++) {
            double cr = 2.0 * column / n - 1.5;
            double zr = 0, zi = 0, rr = 0, ii = 0;
            int steps = 0;
            while (steps < 80 && rr + ii <= 4.0) {
                zi = 2.0 * zr * zi + ci;
                zr = rr - ii + cr;
                rr = zr * zr;
                ii = zi * zi;
                steps++;
            }
            inside += steps == 80;
            checksum = checksum * 31 + (uint32_t)steps;
        }
    }
    printf("%d inside, checksum %08x\n", inside, checksum);
    return 0;
}
