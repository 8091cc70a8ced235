/* Jumps out of nested calls: errors that are caught, handlers within handlers, a buffer used again, a list of them, values kept. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __wasm__
/* The tag of the exceptions that jumps are, which the library of zig lacks. */
__asm__(".globl __c_longjmp\n.tagtype __c_longjmp i32\n__c_longjmp:\n");
#endif

/* Protected calls as Lua has them: each has a buffer, and the last one gets the error. */
struct protected_call { jmp_buf buffer; struct protected_call *outer; volatile int status; };
static struct protected_call *innermost;
static int cleaned;

static void raise_error(int status) {
    if (!innermost) {
        printf("nobody catches %d\n", status);
        exit(3);
    }
    innermost->status = status;
    longjmp(innermost->buffer, 1);
}

static int protect(void (*function)(int), int argument) {
    struct protected_call call;
    call.outer = innermost;
    call.status = 0;
    innermost = &call;
    if (setjmp(call.buffer) == 0) function(argument);
    innermost = call.outer;
    return call.status;
}

static void descend(int depth) {
    char room[64];
    sprintf(room, "level %d", depth);
    if (depth == 0) raise_error(41);
    descend(depth - 1);
    printf("%s goes on\n", room); /* never: the call above has no return */
}

static void rethrow(int depth) {
    int status = protect(descend, depth);
    cleaned++;
    printf("inner caught %d, %d cleaned\n", status, cleaned);
    if (status) raise_error(status + 1);
}

static void quiet(int value) { printf("no error with %d\n", value); }

static void divide(int by) {
    if (by == 0) raise_error(-1);
    printf("100 / %d = %d\n", by, 100 / by);
}

/* The value that `setjmp` gives: 0 becomes 1, others are kept. */
static void value(int given) {
    jmp_buf buffer;
    int got = setjmp(buffer);
    if (got == 0) longjmp(buffer, given);
    printf("%d comes as %d\n", given, got);
}

/* One place that is come back to many times. */
static void again(void) {
    jmp_buf buffer;
    volatile int count = 0;
    volatile long sum = 0;
    int got = setjmp(buffer);
    sum += got;
    if (++count <= 1000) longjmp(buffer, count);
    printf("%d times, sum %ld\n", count, sum);
}

/* Several places in one function: the buffer says which. */
static void several(int which) {
    jmp_buf buffers[3];
    volatile int seen = 0;
    if (setjmp(buffers[0])) { printf("first, %d seen\n", seen); return; }
    seen++;
    if (setjmp(buffers[1])) { printf("second, %d seen\n", seen); return; }
    seen++;
    if (setjmp(buffers[2])) { printf("third, %d seen\n", seen); return; }
    seen++;
    longjmp(buffers[which], 9);
}

/* A search that leaves its recursion when it has found something: eight queens. */
static jmp_buf found;
static int columns[8], tried;
static void place(int row) {
    if (row == 8) longjmp(found, 1);
    for (int column = 0; column < 8; column++) {
        int free = 1;
        tried++;
        for (int other = 0; other < row; other++) {
            int apart = abs(columns[other] - column);
            if (apart == 0 || apart == row - other) free = 0;
        }
        if (!free) continue;
        columns[row] = column;
        place(row + 1);
    }
}

int main(void) {
    static const int given[] = { 0, 1, 2, -5, 2147483647 };
    for (int i = 0; i < 5; i++) value(given[i]);
    again();
    for (int i = 0; i < 3; i++) several(i);
    printf("quiet: %d\n", protect(quiet, 7));
    printf("deep: %d\n", protect(descend, 300));
    printf("twice: %d\n", protect(rethrow, 10));
    for (int by = -1; by <= 1; by++) printf("divide: %d\n", protect(divide, by));
    long total = 0;
    for (int i = 0; i < 20000; i++) total += protect(descend, i % 7);
    printf("total %ld\n", total);
    if (setjmp(found) == 0) place(0);
    for (int row = 0; row < 8; row++) printf("%d", columns[row]);
    printf(" after %d\n", tried);
    raise_error(5);
    return 0;
}
