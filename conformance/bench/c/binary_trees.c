/* Binary trees made and freed with malloc: allocation and pointer chasing. */
#include <stdio.h>
#include <stdlib.h>

struct node { struct node *left, *right; };

static struct node *build(int depth) {
    struct node *node = malloc(sizeof *node);
    if (!node) exit(1);
    node->left = depth ? build(depth - 1) : NULL;
    node->right = depth ? build(depth - 1) : NULL;
    return node;
}

static int count(const struct node *node) {
    return node->left ? 1 + count(node->left) + count(node->right) : 1;
}

static void drop(struct node *node) {
    if (node->left) {
        drop(node->left);
        drop(node->right);
    }
    free(node);
}

int main(int argc, char **argv) {
    int most = argc > 1 ? atoi(argv[1]) : 16;
    struct node *stretch = build(most + 1);
    printf("stretch tree of depth %d, nodes %d\n", most + 1, count(stretch));
    drop(stretch);
    struct node *kept = build(most);
    for (int depth = 4; depth <= most; depth += 4) {
        int trees = 1 << (most - depth + 4), nodes = 0;
        for (int i = 0; i < trees; i++) {
            struct node *tree = build(depth);
            nodes += count(tree);
            drop(tree);
        }
        printf("%d trees of depth %d, nodes %d\n", trees, depth, nodes);
    }
    printf("long lived tree of depth %d, nodes %d\n", most, count(kept));
    return 0;
}
