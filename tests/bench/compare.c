/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare - run commands in turn, many times, and print medians beside the first one's
 *
 *	compare ROUNDS LABEL COMMAND ARG... [-- LABEL COMMAND ARG...]...
 *
 * One line each, cells divided by tabs: label; 5th, 25th, 50th and 75th percentile in ms; processor time
 * in ms (median); the median of its ratio to the first command of the same round, for time and for
 * processor time; peak RSS in KiB. In turn, so that what else the machine does hits all of them alike.
 * "%n" inside a word becomes the number of the round. Processor time and peak RSS are the kernel's
 * rusage of the command and of what it waited for. A command that does not exit with 0 ends it all.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_ROUNDS   1000
#define MAX_WORDS    64

extern char **environ;

static struct command {
	const char *label;
	char **argv;
	size_t n;
	double us[MAX_ROUNDS], ratio[MAX_ROUNDS];
	double cpu_us[MAX_ROUNDS], cpu_ratio[MAX_ROUNDS];
	long rss_kib;
} commands[MAX_COMMANDS];

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double time_us(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static void run(struct command *c, int round)
{
	static char words[MAX_WORDS][1024];
	char *argv[MAX_WORDS + 1];
	struct rusage u;
	int status = -1;
	double t;
	pid_t pid;

	for (size_t i = 0; i < c->n; i++) {
		char *at = strstr(c->argv[i], "%n");

		argv[i] = c->argv[i];
		if (!at)
			continue;
		snprintf(words[i], sizeof(words[i]), "%.*s%d%s", (int)(at - c->argv[i]), c->argv[i],
			 round, at + 2);
		argv[i] = words[i];
	}
	argv[c->n] = NULL;
	t = now_us();
	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) ||
	    wait4(pid, &status, 0, &u) != pid || status) {
		fprintf(stderr, "compare: %s failed (status %d)\n", c->label, status);
		exit(1);
	}
	c->us[round] = now_us() - t;
	c->cpu_us[round] = time_us(u.ru_utime) + time_us(u.ru_stime);
	c->ratio[round] = c->us[round] / commands[0].us[round];
	c->cpu_ratio[round] = c->cpu_us[round] / commands[0].cpu_us[round];
	if (u.ru_maxrss > c->rss_kib)
		c->rss_kib = u.ru_maxrss;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* @percent of @v[], which is sorted by it */
static double at(double *v, int rounds, int percent)
{
	qsort(v, (size_t)rounds, sizeof(*v), order);
	return v[rounds * percent / 100];
}

static void print(struct command *c, int rounds)
{
	printf("%s", c->label);
	for (int i = 0; i < 4; i++)
		printf("\t%.2f", at(c->us, rounds, (const int[]){5, 25, 50, 75}[i]) / 1e3);
	printf("\t%.2f\t%.2f\t%.2f\t%ld\n", at(c->cpu_us, rounds, 50) / 1e3,
	       at(c->ratio, rounds, 50), at(c->cpu_ratio, rounds, 50), c->rss_kib);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 0, n = 0;

	for (int i = 2; i < argc && n < MAX_COMMANDS; n++) {
		commands[n].label = argv[i++];
		commands[n].argv = argv + i;
		while (i < argc && strcmp(argv[i], "--") != 0)
			i++;
		commands[n].n = (size_t)(argv + i - commands[n].argv);
		i++;
		if (!commands[n].n || commands[n].n > MAX_WORDS)
			n = MAX_COMMANDS;
	}
	if (rounds < 1 || rounds > MAX_ROUNDS || n < 1 || n == MAX_COMMANDS) {
		fputs("usage: compare ROUNDS LABEL COMMAND ARG... [-- LABEL COMMAND ARG...]...\n",
		      stderr);
		return 2;
	}
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < n; i++)
			run(&commands[i], r);
	for (int i = 0; i < n; i++)
		print(&commands[i], rounds);
	return 0;
}
