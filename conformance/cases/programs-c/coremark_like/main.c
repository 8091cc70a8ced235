/* The mix of an embedded CPU benchmark: linked-list sort and search, small matrices, a state machine on text, CRC-16. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item { struct item *next; int16_t value, index; };

#define ITEMS 120
#define SIZE 12

static struct item items[ITEMS];

static uint16_t crc16(uint16_t crc, uint16_t value) {
    for (int i = 0; i < 16; i++) {
        int bit = (crc ^ value) & 1;
        crc >>= 1;
        value >>= 1;
        if (bit) crc ^= 0xA001;
    }
    return crc;
}

static struct item *make_list(uint16_t seed) {
    for (int i = 0; i < ITEMS; i++) {
        seed = (uint16_t)(seed * 25173u + 13849u);
        items[i].value = (int16_t)(seed >> 3);
        items[i].index = (int16_t)i;
        items[i].next = i + 1 < ITEMS ? &items[i + 1] : NULL;
    }
    return items;
}

static struct item *reverse(struct item *list) {
    struct item *result = NULL;
    while (list) {
        struct item *next = list->next;
        list->next = result;
        result = list;
        list = next;
    }
    return result;
}

static struct item *search(struct item *list, int16_t low, int16_t high) {
    while (list && (list->value < low || list->value > high)) list = list->next;
    return list;
}

typedef int (*order)(const struct item *, const struct item *);
static int by_value(const struct item *a, const struct item *b) { return a->value - b->value; }
static int by_index(const struct item *a, const struct item *b) { return a->index - b->index; }

static struct item *merge(struct item *a, struct item *b, order compare) {
    struct item head = {0}, *tail = &head;
    while (a && b) {
        struct item **least = compare(a, b) <= 0 ? &a : &b;
        tail->next = *least;
        tail = *least;
        *least = (*least)->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static struct item *sort(struct item *list, int count, order compare) {
    if (count < 2) {
        if (list) list->next = NULL;
        return list;
    }
    struct item *middle = list;
    for (int i = 0; i < count / 2; i++) middle = middle->next;
    struct item *right = middle;
    struct item *rest = sort(right, count - count / 2, compare);
    return merge(sort(list, count / 2, compare), rest, compare);
}

static uint16_t lists(uint16_t seed, uint16_t crc) {
    struct item *list = make_list(seed);
    for (int i = 0; i < 10; i++) {
        struct item *found = search(list, (int16_t)(i * 700), (int16_t)(i * 700 + 150));
        if (found) crc = crc16(crc, (uint16_t)found->index);
        list = reverse(list);
    }
    list = sort(list, ITEMS, by_value);
    for (struct item *p = list; p; p = p->next) crc = crc16(crc, (uint16_t)p->index);
    list = sort(list, ITEMS, by_index);
    return crc16(crc, (uint16_t)list->value);
}

static uint16_t matrices(int16_t seed, uint16_t crc) {
    static int16_t a[SIZE][SIZE], b[SIZE][SIZE];
    static int32_t c[SIZE][SIZE];
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            seed = (int16_t)((seed * 31 + i * 7 + j) & 0x3FF);
            a[i][j] = (int16_t)(seed + i);
            b[i][j] = (int16_t)(seed - j);
        }
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIZE; k++) {
                int32_t product = a[i][k] * b[k][j];
                sum += (product >> 2 & 15) * (product >> 5 & 127);
            }
            c[i][j] = sum;
        }
    for (int i = 0; i < SIZE; i++) {
        int32_t sum = 0;
        for (int j = 0; j < SIZE; j++) sum += c[i][j] > 4000 ? 10 : c[j][i];
        crc = crc16(crc, (uint16_t)sum);
    }
    return crc;
}

enum state { START, SIGN, INTEGER, FRACTION, EXPONENT, SCIENTIFIC, INVALID, STATES };

static enum state scan(const char **text, uint32_t *transitions) {
    enum state state = START;
    const char *p = *text;
    for (; *p && *p != ','; p++) {
        enum state before = state;
        int digit = *p >= '0' && *p <= '9';
        switch (state) {
        case START:
            state = digit ? INTEGER : *p == '+' || *p == '-' ? SIGN : *p == '.' ? FRACTION : INVALID;
            break;
        case SIGN: state = digit ? INTEGER : *p == '.' ? FRACTION : INVALID; break;
        case INTEGER:
            if (!digit) state = *p == '.' ? FRACTION : *p == 'e' ? EXPONENT : INVALID;
            break;
        case FRACTION:
            if (!digit) state = *p == 'e' ? EXPONENT : INVALID;
            break;
        case EXPONENT: state = digit || *p == '-' || *p == '+' ? SCIENTIFIC : INVALID; break;
        case SCIENTIFIC:
            if (!digit) state = INVALID;
            break;
        default: break;
        }
        if (state != before) transitions[state]++;
    }
    *text = *p ? p + 1 : p;
    return state;
}

static uint16_t states(uint16_t seed, uint16_t crc) {
    static const char source[] = "5012,1.5e+3,-874.122,+.7,T0.3e-1F,5.500e3,-.123e-2,abc,12,+33,0.0005,1e9,--1,87e,3.e+4,";
    static char text[sizeof source];
    uint32_t transitions[STATES] = {0}, finals[STATES] = {0};
    memcpy(text, source, sizeof source);
    for (size_t i = seed % 9; i < sizeof source - 2; i += 11)
        if (text[i] != ',') text[i] = (char)(text[i] ^ (seed & 3));
    for (const char *p = text; *p;) finals[scan(&p, transitions)]++;
    for (int i = 0; i < STATES; i++) crc = crc16(crc16(crc, (uint16_t)finals[i]), (uint16_t)transitions[i]);
    return crc;
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 6000;
    uint16_t crc = 0xFFFF;
    for (int i = 0; i < rounds; i++) {
        crc = lists((uint16_t)(i * 77 + 1), crc);
        crc = matrices((int16_t)i, crc);
        crc = states((uint16_t)i, crc);
    }
    printf("%d rounds, crc %04x\n", rounds, crc);
    return 0;
}
