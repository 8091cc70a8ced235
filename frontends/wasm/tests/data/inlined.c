/* Three functions that become one. Built by `clang --target=wasm32 -nostdlib -g -O2 -fdebug-compilation-dir=. -Wl,--no-entry
   -Wl,--export=average -o inlined.wasm inlined.c`. */
static inline int divide(int all, int parts) {
    return all / parts;
}

static inline int share(int all, int parts) {
    int extra = 3;
    return divide(all + extra, parts) * 2;
}

int average(int all, int parts) {
    int first = all > 5 ? all : 5;
    return share(first, parts) + 1;
}
