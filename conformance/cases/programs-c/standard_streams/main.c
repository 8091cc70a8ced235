/* Arguments, environment, standard input line by line and in numbers, both output streams, buffering and the exit code. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void at_exit(void) { printf("at exit\n"); }

int main(int argc, char **argv) {
    atexit(at_exit);
    printf("%d arguments:", argc - 1);
    for (int i = 1; i < argc; i++) printf(" [%s]", argv[i]);
    printf("\n");
    const char *missing = getenv("NO_SUCH_VARIABLE_HERE");
    printf("variable: %s\n", missing ? missing : "(none)");
    int first, second;
    if (scanf("%d %d", &first, &second) == 2) printf("sum %d\n", first + second);
    char word[32];
    double number;
    if (scanf("%31s %lf", word, &number) == 2) printf("%s %.3f\n", word, number);
    char line[256];
    int lines = 0, letters = 0;
    while (fgets(line, sizeof line, stdin)) {
        lines++;
        for (char *p = line; *p; p++) {
            letters += isalpha((unsigned char)*p) != 0;
            *p = (char)toupper((unsigned char)*p);
        }
        fputs(line, stdout);
    }
    printf("%d lines, %d letters, end of file %d\n", lines, letters, feof(stdin) != 0);
    fprintf(stderr, "this goes to the other stream\n");
    printf("%5d|%-5d|%05d|%x|%o|%c|%s|%10.3f|%e|%g|%%|%lld|%zu\n", 42, 42, 42, 255, 8, 'c', "text", 3.14159, 12345.678, 0.0001, 1234567890123456789LL, sizeof(void *) / sizeof(void *));
    exit(7);
}
