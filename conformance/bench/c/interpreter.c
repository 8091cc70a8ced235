/* A small stack-machine interpreter running guest loops: a big switch (br_table) inside a loop. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, REM, LESS, JUMP, JUMP_ZERO, CALL, RET, DUP, SWAP, DROP, XOR, SHIFT, PRINT, HALT };

/* The guest program: x = 1; i = 0; while (i < n) { x = f(x, i); i = i + 1 } print x
   with f(x, i) = ((x * 1103515 + i) ^ (x >> 7)) % 1000003. */
int main(int argc, char **argv) {
    int32_t n = argc > 1 ? atoi(argv[1]) : 1500000;
    static int32_t code[64];
    int length = 0;
#define EMIT(value) (code[length++] = (value))
    int loop, exit_at, call_at;
    EMIT(PUSH); EMIT(1); EMIT(STORE); EMIT(0);
    EMIT(PUSH); EMIT(0); EMIT(STORE); EMIT(1);
    loop = length;
    EMIT(LOAD); EMIT(1); EMIT(LOAD); EMIT(2); EMIT(LESS); EMIT(JUMP_ZERO); exit_at = length; EMIT(0);
    EMIT(LOAD); EMIT(0); EMIT(LOAD); EMIT(1); EMIT(CALL); call_at = length; EMIT(0); EMIT(STORE); EMIT(0);
    EMIT(LOAD); EMIT(1); EMIT(PUSH); EMIT(1); EMIT(ADD); EMIT(STORE); EMIT(1); EMIT(JUMP); EMIT(loop);
    code[exit_at] = length;
    EMIT(LOAD); EMIT(0); EMIT(PRINT); EMIT(HALT);
    code[call_at] = length;
    EMIT(SWAP); EMIT(DUP); EMIT(PUSH); EMIT(7); EMIT(SHIFT); EMIT(STORE); EMIT(3);
    EMIT(PUSH); EMIT(1103515); EMIT(MUL); EMIT(ADD); EMIT(LOAD); EMIT(3); EMIT(XOR);
    EMIT(PUSH); EMIT(1000003); EMIT(REM); EMIT(RET);

    uint32_t stack[256], vars[8] = {0, 0, (uint32_t)n, 0};
    int32_t calls[64];
    int sp = 0, depth = 0, pc = 0;
    for (;;) {
        switch (code[pc++]) {
        case PUSH: stack[sp++] = (uint32_t)code[pc++]; break;
        case LOAD: stack[sp++] = vars[code[pc++]]; break;
        case STORE: vars[code[pc++]] = stack[--sp]; break;
        case ADD: sp--; stack[sp - 1] += stack[sp]; break;
        case SUB: sp--; stack[sp - 1] -= stack[sp]; break;
        case MUL: sp--; stack[sp - 1] *= stack[sp]; break;
        case REM: sp--; stack[sp - 1] %= stack[sp]; break;
        case LESS: sp--; stack[sp - 1] = (int32_t)stack[sp - 1] < (int32_t)stack[sp]; break;
        case XOR: sp--; stack[sp - 1] ^= stack[sp]; break;
        case SHIFT: sp--; stack[sp - 1] >>= stack[sp] & 31; break;
        case DUP: stack[sp] = stack[sp - 1]; sp++; break;
        case DROP: sp--; break;
        case SWAP: { uint32_t top = stack[sp - 1]; stack[sp - 1] = stack[sp - 2]; stack[sp - 2] = top; break; }
        case JUMP: pc = code[pc]; break;
        case JUMP_ZERO: pc = stack[--sp] ? pc + 1 : code[pc]; break;
        case CALL: calls[depth++] = pc + 1; pc = code[pc]; break;
        case RET: pc = calls[--depth]; break;
        case PRINT: printf("result %u\n", stack[--sp]); break;
        case HALT: return 0;
        default: return 1;
        }
    }
}
