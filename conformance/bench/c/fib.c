/* Doubly recursive Fibonacci: calls, compares, adds. */
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) int fib(int n) {
    if (n < 2) return n;
    return fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 37;
    printf("fib(%d) = %d\n", n, fib(n));
    return 0;
}
