/* SPDX-License-Identifier: Apache-2.0 */
/* events: a JSON document a line, as runc prints them. */
#include <errno.h>

#include "base/num.h"
#include "base/str.h"
#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"
#include "sys/fd.h"

/* At once, by write: whoever reads the pipe waits for each line. */
static void print(void *data, struct span line)
{
	int *r = data;

	if (*r == 0)
		*r = sys_write_all(1, line.p, line.len);
}

int oci_events_main(struct oci_cmd *c, int argc, char **argv)
{
	const char *interval = "5s";
	bool stats = false;
	const struct oci_opt opts[] = {{.name = "interval", .value = &interval, .arg = "TIME"},
				       {.name = "stats", .flag = &stats},
				       {0}};
	struct err e = {0};
	uint64_t ms = 0;
	int written = 0;

	if (oci_words(c, argc, argv, opts, 1, 1) < 0)
		return c->status;
	if (num_duration_ms(span_of(interval), &ms) < 0 || !ms || ms > INT32_MAX) {
		err_text(&e, -EINVAL, "--interval %.32s is not a time greater than 0", interval);
		return oci_usage(c, &e);
	}
	if (runtime_open(&c->rt, c->root, false, &e) < 0 ||
	    runtime_events(&c->rt, argv[0], stats ? 0 : (unsigned int)ms, print, &written, &e) < 0)
		return oci_fail(c, &e, 1);
	if (written < 0)
		err_set(&e, written, "write");
	return written < 0 ? oci_fail(c, &e, 1) : 0;
}
