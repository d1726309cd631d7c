/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint and restore: there if criu is. */
#include <errno.h>
#include <limits.h>

#include "cmd/oci_verbs.h"
#include "runtime/checkpoint.h"
#include "sys/proc.h"

struct checkpoint_words {
	struct runtime_checkpoint k;
	struct runtime_create o;
	const char *switches[CHECKPOINT_MAX_SWITCHES + 1];
	char criu[PATH_MAX / 4];
	bool detach, no_subreaper, no_pivot;
};

/* runc's options that are criu's under the same name */
static const char *const same[] = {"--tcp-established", "--ext-unix-sk", "--shell-job",
				   "--file-locks", "--tcp-close"};

static int words(struct oci_cmd *c, struct checkpoint_words *w, bool restore, int argc, char **argv)
{
	bool on[ARRAY_LEN(same)] = {false};
	const struct oci_opt opts[] = {
		{.name = "image-path", .value = &w->k.images, .arg = "DIR"},
		{.name = "work-path", .value = &w->k.work, .arg = "DIR"},
		{.name = "manage-cgroups-mode", .value = &w->k.manage_cgroups, .arg = "MODE"},
		{.name = same[0] + 2, .flag = &on[0]},
		{.name = same[1] + 2, .flag = &on[1]},
		{.name = same[2] + 2, .flag = &on[2]},
		{.name = same[3] + 2, .flag = &on[3]},
		{.name = restore ? same[4] + 2 : "leave-running",
		 .flag = restore ? &on[4] : &w->k.leave_running},
		{.name = restore ? "bundle" : NULL,
		 .letter = 'b',
		 .value = &w->o.bundle,
		 .arg = "DIR"},
		{.name = "pid-file", .value = &w->o.pid_file, .arg = "PATH"},
		{.name = "detach", .letter = 'd', .flag = &w->detach},
		{.name = "no-subreaper", .flag = &w->no_subreaper},
		{.name = "no-pivot", .flag = &w->no_pivot}, /* criu decides */
		{0},
	};
	struct err e = {0};
	size_t n = 0;

	w->k.images = "checkpoint";
	w->o.bundle = ".";
	if (oci_words(c, argc, argv, opts, 1, 1) < 0)
		return -EINVAL;
	w->o.id = argv[0];
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		if (on[i])
			w->switches[n++] = same[i];
	w->k.switches = w->switches;
	w->k.criu = w->criu;
	if (restore && oci_systemd(c, &w->o.systemd, &e) < 0) {
		c->status = oci_fail(c, &e, 1);
		return -EOPNOTSUPP;
	}
	if (oci_find_program("criu", w->criu, sizeof(w->criu)) == 0)
		return 0;
	err_text(&e, -EOPNOTSUPP, "%s is not supported: there is no criu on PATH", c->verb->name);
	c->status = oci_fail(c, &e, 1);
	return -EOPNOTSUPP;
}

int oci_checkpoint_main(struct oci_cmd *c, int argc, char **argv)
{
	static struct checkpoint_words w;
	struct err e = {0};

	if (words(c, &w, false, argc, argv) < 0)
		return c->status;
	if (runtime_open(&c->rt, c->root, false, &e) < 0 ||
	    runtime_checkpoint(&c->rt, w.o.id, &w.k, &e) < 0)
		return oci_fail(c, &e, 1);
	return 0;
}

int oci_restore_main(struct oci_cmd *c, int argc, char **argv)
{
	static struct checkpoint_words w;
	struct err e = {0};
	int status = 0;

	if (words(c, &w, true, argc, argv) < 0)
		return c->status;
	w.o.foreground = !w.detach;
	if (!w.detach && !w.no_subreaper)
		sys_set_subreaper(true);
	if (runtime_open(&c->rt, c->root, true, &e) < 0 ||
	    runtime_restore(&c->rt, &w.o, &w.k, &status, &e) < 0)
		return oci_fail(c, &e, 1);
	return status;
}
