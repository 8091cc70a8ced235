/* Sorting: the C library's qsort through a function pointer, and a hand-written quicksort. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct record { uint32_t key; char name[12]; };

static uint32_t state = 12345;
static uint32_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static int by_key(const void *left, const void *right) {
    const struct record *a = left, *b = right;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int by_name(const void *left, const void *right) {
    const struct record *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    if (order) return order;
    return a->key < b->key ? -1 : a->key > b->key;
}

static void quick(int32_t *list, int low, int high) {
    while (low < high) {
        int32_t pivot = list[low + (high - low) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (list[i] < pivot) i++;
            while (list[j] > pivot) j--;
            if (i <= j) {
                int32_t swap = list[i];
                list[i++] = list[j];
                list[j--] = swap;
            }
        }
        if (j - low < high - i) {
            quick(list, low, j);
            low = i;
        } else {
            quick(list, i, high);
            high = j;
        }
    }
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 80000;
    struct record *records = malloc((size_t)n * sizeof *records);
    int32_t *numbers = malloc((size_t)n * 4 * sizeof *numbers);
    if (!records || !numbers) return 1;
    for (int i = 0; i < n; i++) {
        records[i].key = next_random() % 5000;
        memset(records[i].name, 0, sizeof records[i].name);
        for (int c = 0; c < 6; c++) records[i].name[c] = (char)('a' + next_random() % 5);
    }
    for (int i = 0; i < n * 4; i++) numbers[i] = (int32_t)next_random();
    qsort(records, (size_t)n, sizeof *records, by_key);
    uint32_t checksum = 0;
    for (int i = 0; i < n; i++) checksum = checksum * 31 + records[i].key + (uint32_t)records[i].name[3];
    qsort(records, (size_t)n, sizeof *records, by_name);
    for (int i = 0; i < n; i++) checksum = checksum * 31 + records[i].key + (uint32_t)records[i].name[3];
    quick(numbers, 0, n * 4 - 1);
    for (int i = 0; i < n * 4; i++) {
        if (i && numbers[i - 1] > numbers[i]) return 2;
        checksum = checksum * 31 + (uint32_t)numbers[i];
    }
    printf("sorted, checksum %08x\n", checksum);
    return 0;
}
