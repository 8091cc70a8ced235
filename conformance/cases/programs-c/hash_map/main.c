/* An open-addressing hash map from strings to counters, with growth and deletion, and a chained one with malloc. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slot { char *key; uint32_t hash, value; };
struct map { struct slot *slots; uint32_t mask, used; };

static char tombstone[1];

static uint32_t hash_of(const char *key) {
    uint32_t hash = 2166136261u;
    for (; *key; key++) hash = (hash ^ (uint8_t)*key) * 16777619u;
    return hash;
}

static struct slot *find(struct map *map, const char *key, uint32_t hash) {
    struct slot *free_slot = NULL;
    for (uint32_t i = hash & map->mask;; i = (i + 1) & map->mask) {
        struct slot *slot = &map->slots[i];
        if (!slot->key) return free_slot ? free_slot : slot;
        if (slot->key == tombstone) {
            if (!free_slot) free_slot = slot;
        } else if (slot->hash == hash && strcmp(slot->key, key) == 0) {
            return slot;
        }
    }
}

static void grow(struct map *map) {
    struct slot *old = map->slots;
    uint32_t count = old ? map->mask + 1 : 0;
    map->mask = count ? count * 2 - 1 : 63;
    map->slots = calloc(map->mask + 1, sizeof *map->slots);
    if (!map->slots) exit(1);
    map->used = 0;
    for (uint32_t i = 0; i < count; i++)
        if (old[i].key && old[i].key != tombstone) {
            *find(map, old[i].key, old[i].hash) = old[i];
            map->used++;
        }
    free(old);
}

static uint32_t *entry(struct map *map, const char *key) {
    if (!map->slots || map->used * 4 >= map->mask * 3) grow(map);
    uint32_t hash = hash_of(key);
    struct slot *slot = find(map, key, hash);
    if (!slot->key || slot->key == tombstone) {
        if (!slot->key) map->used++;
        size_t length = strlen(key) + 1;
        slot->key = malloc(length);
        if (!slot->key) exit(1);
        memcpy(slot->key, key, length);
        slot->hash = hash;
        slot->value = 0;
    }
    return &slot->value;
}

static int delete_key(struct map *map, const char *key) {
    struct slot *slot = find(map, key, hash_of(key));
    if (!slot->key || slot->key == tombstone) return 0;
    free(slot->key);
    slot->key = tombstone;
    return 1;
}

struct node { struct node *next; uint32_t key, value; };

static uint32_t chained(int n) {
    uint32_t buckets = 4096, sum = 0;
    struct node **heads = calloc(buckets, sizeof *heads);
    if (!heads) exit(1);
    for (int i = 0; i < n; i++) {
        uint32_t key = (uint32_t)i * 2654435761u % 50021u;
        struct node **place = &heads[key % buckets];
        while (*place && (*place)->key != key) place = &(*place)->next;
        if (*place) {
            (*place)->value += (uint32_t)i;
            if ((*place)->value % 7 == 0) {
                struct node *gone = *place;
                *place = gone->next;
                sum += gone->value;
                free(gone);
            }
        } else {
            struct node *fresh = malloc(sizeof *fresh);
            if (!fresh) exit(1);
            fresh->next = NULL;
            fresh->key = key;
            fresh->value = 1;
            *place = fresh;
        }
    }
    return sum;
}

static void name(char *text, uint32_t number) {
    const char *letters = "abcdefghijklmnop";
    int length = 0;
    memcpy(text, "key-", 4);
    length = 4;
    do {
        text[length++] = letters[number & 15];
        number >>= 4;
    } while (number);
    text[length] = 0;
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 1200000;
    struct map map = {0};
    char key[32];
    uint32_t deleted = 0;
    for (int i = 0; i < n; i++) {
        name(key, (uint32_t)i * 2654435761u % 40009u);
        *entry(&map, key) += (uint32_t)i % 10 + 1;
        if (i % 5 == 0) {
            name(key, (uint32_t)i * 40503u % 40009u);
            deleted += (uint32_t)delete_key(&map, key);
        }
    }
    uint32_t live = 0, sum = 0;
    for (uint32_t i = 0; i <= map.mask; i++)
        if (map.slots[i].key && map.slots[i].key != tombstone) {
            live++;
            sum = sum * 31 + map.slots[i].value + map.slots[i].hash;
        }
    printf("%u live, %u deleted, checksum %08x, chained %u\n", live, deleted, sum, chained(n * 2));
    return 0;
}
