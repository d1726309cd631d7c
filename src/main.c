#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "version") == 0) {
		puts("cleat " CLEAT_VERSION CONFIG_VENDOR);
		return 0;
	}
	fputs("usage: cleat version\n", stderr);
	return 2;
}
