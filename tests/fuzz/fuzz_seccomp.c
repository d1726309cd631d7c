/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seccomp profile and calls made from the input: the program must be one that the kernel takes, and say of each
 * call what the rules say, read one by one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/seccomp_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MAX_RULES 40

static const char *const names[] = {"read",
				    "write",
				    "open",
				    "close",
				    "mmap",
				    "mmap2",
				    "ioctl",
				    "socket",
				    "clone",
				    "fcntl",
				    "fcntl64",
				    "umask",
				    "mkdir",
				    "mkdirat",
				    "setns",
				    "statx",
				    "dup3",
				    "lseek",
				    "_llseek",
				    "stat64",
				    "shmat",
				    "semop",
				    "sendto",
				    "accept",
				    "socketcall",
				    "ipc",
				    "clone3",
				    "execve",
				    "nosuch",
				    "msgctl",
				    "recvmmsg",
				    "ugetrlimit",
				    "cacheflush",
				    "set_tls",
				    "arm_fadvise64_64",
				    "getrandom",
				    "landlock_create_ruleset",
				    "personality",
				    "prctl",
				    "exit_group"};

static const uint64_t values[] = {0,	       1,	    2,		 3,
				  5,	       0x7fffffff,  0x80000000,	 0xffffffff,
				  0x100000000, 0x100000001, 0x200000004, 0xffffffff00000000,
				  UINT64_MAX};

struct input {
	const uint8_t *p;
	size_t left;
};

static uint32_t take(struct input *in, uint32_t below)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++ % below;
}

static uint64_t value(struct input *in)
{
	return values[take(in, sizeof(values) / sizeof(values[0]))] + take(in, 3) - 1;
}

static void fill(struct input *in, struct oci_seccomp *s, struct oci_seccomp_rule *rules,
		 struct oci_seccomp_arg (*args)[6], char *(*strings)[3], char **archs)
{
	*s = (struct oci_seccomp){.set = true, .rules = rules, .archs.v = archs};
	s->default_action = take(in, 8); /* all but NOTIFY */
	if (take(in, 4) == 0)
		s->default_errno = (struct oci_num){true, take(in, 200)};
	for (size_t i = 0; i < ORACLE_ARCHS; i++)
		if (take(in, 2))
			archs[s->archs.n++] = (char *)(uintptr_t)oracle_archs[i].name;
	s->n_rules = take(in, MAX_RULES);
	for (size_t i = 0; i < s->n_rules; i++) {
		struct oci_seccomp_rule *r = &rules[i];

		*r = (struct oci_seccomp_rule){.action = take(in, 8), .args = args[i]};
		r->names = (struct oci_strs){strings[i], 1 + take(in, 2)};
		for (size_t j = 0; j < r->names.n; j++)
			strings[i][j] = (char *)(uintptr_t)
				names[take(in, sizeof(names) / sizeof(names[0]))];
		r->n_args = take(in, 3) ? 0 : take(in, 7);
		for (size_t j = 0; j < r->n_args; j++) {
			args[i][j].index = take(in, 6);
			args[i][j].op = take(in, 7);
			args[i][j].value = value(in);
			args[i][j].value_two = value(in);
		}
	}
}

static int number(struct input *in, const struct oci_seccomp *s, const struct oracle_arch *a)
{
	static const uint32_t edges[] = {0,	     102,	 117,	     359,
					 0xeffff,    0xf0000,	 0x3fffffff, 0x40000000,
					 0x7fffffff, 0x80000000, 0xfffffffe, UINT32_MAX};
	uint32_t how = take(in, 4);
	int nr = 0;

	if (how == 0)
		return (int)edges[take(in, sizeof(edges) / sizeof(edges[0]))];
	if (s->n_rules && how < 3)
		nr = oracle_number(a, s->rules[take(in, (uint32_t)s->n_rules)].names.v[0]);
	return nr > 0 ? nr + (int)take(in, 3) - 1 : (int)(take(in, 255) + take(in, 255));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct oci_seccomp_rule rules[MAX_RULES];
	static struct oci_seccomp_arg args[MAX_RULES][6];
	static struct filter_program program;
	static char *strings[MAX_RULES][3], *archs[ORACLE_ARCHS + 1];
	struct input in = {data, len};
	struct oci_seccomp s;
	struct err e = {0};

	fill(&in, &s, rules, args, strings, archs);
	if (filter_compile(&s, &program, &e) < 0) {
		if (!e.code || !e.msg[0])
			abort();
		return 0;
	}
	do {
		const struct oracle_arch *a = &oracle_archs[take(&in, ORACLE_ARCHS)];
		struct seccomp_data d = {.arch = take(&in, 32) ? a->audit : AUDIT_ARCH_S390X};
		const char *bad;
		uint32_t have, want;

		d.nr = number(&in, &s, a);
		for (int i = 0; i < 6; i++)
			d.args[i] = value(&in);
		have = bpf_run(&program, &d, &bad);
		want = oracle(&s, &d);
		if (bad || have != want) {
			fprintf(stderr, "arch %#x call %#x: %#x, should be %#x; %s\n", d.arch, d.nr,
				have, want, bad ? bad : "");
			abort();
		}
	} while (in.left);
	return 0;
}
