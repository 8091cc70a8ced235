/* Files in a granted directory: create, write, seek, read, append, stat, list, rename, truncate, remove, and what fails. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int fine, const char *what) {
    if (!fine) {
        printf("FAILED: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static void show(const char *path) {
    FILE *file = fopen(path, "r");
    check(file != NULL, path);
    char line[128];
    int number = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        printf("%s:%d: %s\n", path, ++number, line);
    }
    check(fclose(file) == 0, "close");
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
    char *names[32];
    int count = 0;
    DIR *folder = opendir(path);
    check(folder != NULL, path);
    for (struct dirent *entry; (entry = readdir(folder)) && count < 32;)
        if (entry->d_name[0] != '.') names[count++] = strdup(entry->d_name);
    closedir(folder);
    qsort(names, (size_t)count, sizeof *names, by_name);
    printf("%s holds", path);
    for (int i = 0; i < count; i++) {
        printf(" %s", names[i]);
        free(names[i]);
    }
    printf("\n");
}

static const char *name_of(int error) {
    switch (error) {
    case ENOENT: return "no such file";
    case EEXIST: return "exists";
    case ENOTDIR: return "not a directory";
    case EISDIR: return "is a directory";
    case ENOTEMPTY: return "not empty";
    case EBADF: return "bad descriptor";
    default: return "another error";
    }
}

static void expect_failure(int result, const char *what) {
    printf("%s: %s\n", what, result < 0 ? name_of(errno) : "unexpectedly fine");
}

int main(void) {
    check(mkdir("made", 0777) == 0, "mkdir");
    FILE *file = fopen("made/text.txt", "w+");
    check(file != NULL, "create");
    for (int i = 1; i <= 5; i++) fprintf(file, "line %d of five\n", i);
    printf("at %ld\n", ftell(file));
    check(fseek(file, 5, SEEK_SET) == 0, "seek");
    fputs("ONE", file);
    check(fseek(file, -5, SEEK_END) == 0, "seek from the end");
    char tail[16] = {0};
    size_t got = fread(tail, 1, sizeof tail - 1, file);
    printf("tail of %zu bytes: %s", got, tail);
    printf("end of file: %d\n", feof(file) != 0);
    check(fclose(file) == 0, "close");
    show("made/text.txt");

    file = fopen("made/text.txt", "a");
    check(file != NULL, "append");
    fputs("appended\n", file);
    fclose(file);
    struct stat info;
    check(stat("made/text.txt", &info) == 0, "stat");
    printf("size %ld, regular %d, directory %d\n", (long)info.st_size, S_ISREG(info.st_mode) != 0, S_ISDIR(info.st_mode) != 0);
    check(stat("made", &info) == 0, "stat");
    printf("directory %d\n", S_ISDIR(info.st_mode) != 0);

    int fd = open("made/bytes.bin", O_RDWR | O_CREAT | O_EXCL, 0666);
    check(fd >= 0, "open");
    unsigned char block[1000];
    for (int i = 0; i < 1000; i++) block[i] = (unsigned char)(i * 7);
    for (int i = 0; i < 20; i++) check(write(fd, block, sizeof block) == (ssize_t)sizeof block, "write");
    check(lseek(fd, 12345, SEEK_SET) == 12345, "lseek");
    check(read(fd, block, 4) == 4, "read");
    printf("bytes at 12345: %d %d %d %d\n", block[0], block[1], block[2], block[3]);
    printf("read past the end: %zd\n", (lseek(fd, 100, SEEK_END), read(fd, block, 10)));
    check(ftruncate(fd, 5000) == 0, "truncate");
    check(fstat(fd, &info) == 0, "fstat");
    printf("truncated to %ld\n", (long)info.st_size);
    check(pwrite(fd, "abc", 3, 10) == 3 && pread(fd, block, 3, 10) == 3, "pwrite and pread");
    printf("at 10: %.3s\n", (char *)block);
    check(close(fd) == 0, "close");

    check(rename("made/text.txt", "made/renamed.txt") == 0, "rename");
    check(mkdir("made/inner", 0777) == 0, "mkdir");
    list("made");
    expect_failure(open("made/none", O_RDONLY), "open what is not there");
    expect_failure(open("made/bytes.bin", O_CREAT | O_EXCL | O_WRONLY, 0666), "create what is there");
    expect_failure(mkdir("made", 0777), "make what is there");
    expect_failure(rmdir("made"), "remove a full directory");
    expect_failure(open("made/renamed.txt/x", O_RDONLY), "open below a file");
    expect_failure(unlink("made/none"), "remove what is not there");
    expect_failure((int)write(77, "x", 1), "write to a bad descriptor");
    check(unlink("made/renamed.txt") == 0 && unlink("made/bytes.bin") == 0, "unlink");
    check(rmdir("made/inner") == 0, "rmdir");
    list("made");
    check(rmdir("made") == 0, "rmdir");
    printf("done\n");
    return 0;
}
