/*
 * Feeds the files of a folder to a fuzz target, one TAP result per file, so that the corpus is also a
 * unit test on every architecture. A finding of the fuzzer becomes a regression test by being added
 * to tests/fuzz/corpus/<target>/.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int feed(const char *path)
{
	static uint8_t buf[1 << 20];
	uint8_t *copy;
	size_t len;
	FILE *f = fopen(path, "rb");

	if (!f)
		return -1;
	len = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	/* exactly as long as the input, so that an overread is seen */
	copy = malloc(len ? len : 1);
	if (!copy)
		return -1;
	memcpy(copy, buf, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	static char path[4096];
	DIR *dir = NULL;
	int n = 0;

	if (argc == 2)
		dir = opendir(argv[1]);
	if (!dir) {
		printf("not ok 1 - cannot open the corpus folder %s\n", argc == 2 ? argv[1] : "");
		return 1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		n++;
		printf("# %s\n", entry->d_name); /* names the culprit of a crash */
		fflush(stdout);
		printf("%s %d - %s\n", feed(path) ? "not ok" : "ok", n, entry->d_name);
	}
	closedir(dir);
	printf("1..%d\n", n);
	return 0;
}
