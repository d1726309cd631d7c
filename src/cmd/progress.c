/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress on standard error. On a terminal one line is overwritten as long as it is about the same
 * thing; elsewhere only what begins and what ends is printed.
 */
#include <stdio.h>

#include "base/str.h"
#include "cmd/human.h"
#include "cmd/session.h"
#include "sys/tty.h"

static char last[512]; /* "what: text" of the line that is on the terminal */
static bool open_line;

void progress_end(void)
{
	if (open_line)
		fputc('\n', stderr);
	open_line = false;
	last[0] = '\0';
}

void progress_show(const struct ctl_progress *p)
{
	char key[sizeof(last)], done[HUMAN_CAP], total[HUMAN_CAP];
	static int terminal = -1;

	if (terminal < 0)
		terminal = sys_tty_is(2);
	if (str_printf(key, sizeof(key), "%.200s: %.200s", p->what, p->text) < 0)
		return;
	if (!terminal) {
		if (!str_eq(key, last))
			fprintf(stderr, "%s\n", key);
		str_copy(last, sizeof(last), key);
		return;
	}
	if (open_line && !str_starts(last, p->what))
		fputc('\n', stderr);
	fprintf(stderr, "\r\033[K%s", key);
	if (p->total)
		fprintf(stderr, " %s/%s", human_size(done, p->done), human_size(total, p->total));
	else if (p->done)
		fprintf(stderr, " %s", human_size(done, p->done));
	open_line = true;
	str_copy(last, sizeof(last), key);
	fflush(stderr);
}
