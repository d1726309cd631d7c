/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress on standard error. On a terminal each layer has a line that is drawn again in its place;
 * what does not fit the screen scrolls away as it was drawn last. Elsewhere what begins, what ends
 * and what is waited for is printed, a bounded number of lines each.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/human.h"
#include "cmd/session.h"
#include "sys/proc.h"
#include "sys/tty.h"

#define MAX_LINES   128 /* of one image's layers; further ones share the last line */
#define MAX_COLUMNS 200
#define PLAIN_MAX   16 /* plain lines about one thing: a bad link has much to tell */

struct line {
	char what[80], text[200];
	uint64_t done, total, rate; /* bytes; a second */
	int64_t at_ms;
	unsigned int n_plain;
};

static struct line lines[MAX_LINES];
static size_t n_lines, n_drawn; /* the last n_drawn are on the screen, the cursor below them */

void progress_end(void)
{
	n_lines = n_drawn = 0;
}

static struct line *line_of(const char *what)
{
	for (size_t i = 0; i < n_lines; i++)
		if (str_eq(lines[i].what, what))
			return &lines[i];
	if (n_lines < MAX_LINES)
		n_lines++;
	lines[n_lines - 1] = (struct line){0};
	str_copy(lines[n_lines - 1].what, sizeof(lines[0].what), what);
	return &lines[n_lines - 1];
}

/* of the last seconds: what a link does now says more than what it has done */
static void measure(struct line *l, uint64_t done)
{
	int64_t now = sys_now_ms(), took = now - l->at_ms;
	uint64_t rate;

	if (took < 200)
		return;
	if (l->at_ms && done >= l->done) {
		rate = (done - l->done) * 1000 / (uint64_t)took;
		l->rate = l->rate ? (3 * l->rate + rate) / 4 : rate;
	}
	l->at_ms = now;
	l->done = done;
}

/* A part that does not fit is left out, the last ones first. */
static void add(char *row, size_t columns, const char *part)
{
	size_t have = strlen(row), len = strlen(part);

	if (have + len < columns)
		memcpy(row + have, part, len + 1);
}

static void draw(const struct line *l, size_t columns)
{
	char row[MAX_COLUMNS + 1], done[HUMAN_CAP], total[HUMAN_CAP], part[2 * HUMAN_CAP + 8];

	if (snprintf(row, columns, "%s: %s", l->what, l->text) <
	    0) /* cut where the terminal ends */
		return;
	if (l->done || l->total) {
		snprintf(part, sizeof(part), l->total ? " %s/%s" : " %s", human_size(done, l->done),
			 human_size(total, l->total));
		add(row, columns, part);
	}
	if (l->rate && l->done < l->total) {
		snprintf(part, sizeof(part), " %s/s", human_size(done, l->rate));
		add(row, columns, part);
		snprintf(part, sizeof(part), " %llum%02llus left",
			 (unsigned long long)((l->total - l->done) / l->rate / 60),
			 (unsigned long long)((l->total - l->done) / l->rate % 60));
		add(row, columns, part);
	}
	fprintf(stderr, "\r%s\033[K\n", row);
}

static void draw_all(void)
{
	static size_t n_before;
	uint32_t rows = 0, columns = 0;

	if (sys_tty_size(2, &rows, &columns) < 0 || rows < 2 || columns < 8)
		rows = 24, columns = 80;
	if (columns > MAX_COLUMNS)
		columns = MAX_COLUMNS;
	if (n_drawn)
		fprintf(stderr, "\033[%zuA", n_drawn);
	/* a new line pushes the topmost off the screen, in its last form */
	for (size_t i = n_drawn ? n_before - n_drawn : 0; i < n_lines; i++)
		draw(&lines[i], columns);
	n_before = n_lines;
	n_drawn = n_lines < rows - 1 ? n_lines : rows - 1;
	fflush(stderr);
}

void progress_show(const struct ctl_progress *p)
{
	static int terminal = -1;
	struct line *l = line_of(p->what);
	bool news = !str_eq(l->text, p->text);

	if (terminal < 0)
		terminal = sys_tty_is(2);
	snprintf(l->text, sizeof(l->text), "%s", p->text);
	l->total = p->total;
	if (news)
		l->done = p->done;
	measure(l, p->done);
	if (terminal)
		draw_all();
	else if (news && l->n_plain++ < PLAIN_MAX)
		fprintf(stderr, "%.80s: %s\n", l->what, l->text);
}
