/* SPDX-License-Identifier: Apache-2.0 */
/* filter CONFIG.JSON >PROGRAM: the instructions of its seccomp profile, for a program that does nothing but load them */
#include <fcntl.h>
#include <stdio.h>

#include "runtime/confine/filter.h"
#include "sys/fd.h"

int main(int argc, char **argv)
{
	static _Alignas(16) char text[1 << 20], pool[4 << 20], memory[1 << 20];
	static struct filter_program program;
	static struct oci_spec spec;
	struct arena arena;
	struct err e = {0};
	int fd = argc == 2 ? sys_open(AT_FDCWD, argv[1], O_RDONLY, 0) : -1;
	ssize_t n = fd < 0 ? fd : sys_read_full(fd, text, sizeof(text));

	arena_init(&arena, memory, sizeof(memory));
	if (n < 0 ||
	    oci_spec_read((struct span){text, (size_t)n}, pool, sizeof(pool), &arena, &spec, &e) <
		    0 ||
	    filter_compile(&spec.seccomp, &program, &e) < 0 ||
	    sys_write_all(1, program.insn, program.n * sizeof(program.insn[0])) < 0) {
		fprintf(stderr, "filter: %s\n", e.msg);
		return 1;
	}
	return 0;
}
