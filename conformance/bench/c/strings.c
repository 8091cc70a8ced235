/* Record and string handling in the manner of old synthetic benchmarks: copies, comparisons, searches, number text. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct record {
    struct record *link;
    int kind, number;
    char text[32];
};

static char letters[2][32] = {"SOME TEXT OF THIRTY LETTERS, A", "SOME TEXT OF THIRTY LETTERS, B"};

static int number_text(char *out, uint32_t number) {
    char digits[12];
    int count = 0, length = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (count) out[length++] = digits[--count];
    out[length] = 0;
    return length;
}

static void copy_record(struct record *target, const struct record *source, int step) {
    *target = *source;
    target->number += step;
    target->kind = (source->kind + 1) % 5;
}

static int count_words(const char *text, const char *word) {
    int count = 0;
    for (const char *p = strstr(text, word); p; p = strstr(p + 1, word)) count++;
    return count;
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 300000;
    struct record first = {NULL, 1, 5, ""}, second = {&first, 2, 7, ""};
    strcpy(first.text, letters[0]);
    char line[256];
    uint32_t checksum = 0;
    for (int i = 0; i < n; i++) {
        copy_record(&second, &first, i % 7);
        strcpy(second.text, letters[i & 1]);
        int order = strcmp(first.text, second.text);
        checksum = checksum * 31 + (uint32_t)(order < 0 ? 1 : order > 0 ? 2 : 3) + (uint32_t)second.number;
        int length = number_text(line, (uint32_t)i * 2654435761u);
        line[length++] = ' ';
        strcpy(line + length, second.text);
        strcat(line, " end");
        checksum += (uint32_t)strlen(line) + (uint32_t)count_words(line, "ET") + (uint32_t)atoi(line + 3);
        char *blank = strchr(line, ' ');
        if (blank) memmove(line + 2, blank, strlen(blank) + 1);
        for (char *p = line; *p; p++)
            if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
        checksum ^= (uint32_t)line[i % 20] << (i % 24);
        first.kind = second.kind;
        if (memcmp(first.text + 10, second.text + 10, 16) == 0) checksum += 3;
    }
    printf("kind %d, checksum %08x\n", first.kind, checksum);
    return 0;
}
