/* SPDX-License-Identifier: Apache-2.0 */
/* create, start, run, pause, resume, state, kill, delete, list. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/signame.h"
#include "base/str.h"
#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define STATE_CAP (64 * 1024)

int oci_fail(struct oci_cmd *c, const struct err *e, int status)
{
	oci_tell(c, "error", e->msg);
	return status ? status : c->verb->main == oci_exec_main ? 255 : 1;
}

struct create_words {
	struct runtime_create o;
	const char *preserve;
	bool detach, keep, no_subreaper;
};

/* Descriptors that a service manager hands to the container. Spec: sd_listen_fds(3); runc does the same */
static int listen_fds(struct runtime_create *o, struct err *e)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	uint32_t v;

	if (!n || !pid || num_u32(span_of(pid), INT32_MAX, &v) < 0 || (pid_t)v != sys_getpid())
		return 0;
	return num_u32(span_of(n), 1024, &o->listen_fds) < 0
		       ? err_text(e, -EINVAL, "LISTEN_FDS=%.32s is not a number up to 1024", n)
		       : 0;
}

static const char *notify_socket(void)
{
	const char *s = getenv("NOTIFY_SOCKET");

	return str_empty(s) ? NULL : s;
}

static int create_words(struct oci_cmd *c, struct create_words *w, bool run, int argc, char **argv)
{
	struct oci_opt opts[] = {
		{.name = "bundle", .letter = 'b', .value = &w->o.bundle, .arg = "DIR"},
		{.name = "config", .letter = 'f', .value = &w->o.config, .arg = "FILE"},
		{.name = "console-socket", .value = &w->o.console_socket, .arg = "PATH"},
		{.name = "pidfd-socket", .value = &w->o.pidfd_socket, .arg = "PATH"},
		{.name = "pid-file", .value = &w->o.pid_file, .arg = "PATH"},
		{.name = "preserve-fds", .value = &w->preserve, .arg = "N"},
		{.name = "no-pivot", .flag = &w->o.no_pivot},
		{.name = "no-new-keyring", .flag = &w->o.no_new_keyring},
		{.name = run ? "detach" : NULL, .letter = 'd', .flag = &w->detach},
		{.name = "keep", .flag = &w->keep},
		{.name = "no-subreaper", .flag = &w->no_subreaper},
		{0},
	};
	struct err e = {0};
	int r;

	if (oci_words(c, argc, argv, opts, 1, 1) < 0)
		return -EINVAL;
	w->o.id = argv[0];
	w->o.notify_socket = notify_socket();
	if (!w->o.bundle)
		w->o.bundle = ".";
	r = oci_number("preserve-fds", w->preserve, 1024, &w->o.preserve_fds, &e);
	if (r == 0)
		r = listen_fds(&w->o, &e);
	if (r == 0)
		r = oci_fds(c, w->o.listen_fds, &w->o.preserve_fds, &e);
	if (r < 0) {
		c->status = oci_usage(c, &e);
		return r;
	}
	r = oci_systemd(c, &w->o.systemd, &e);
	if (r < 0)
		c->status = oci_fail(c, &e, 0);
	return r;
}

int oci_create_main(struct oci_cmd *c, int argc, char **argv)
{
	struct create_words w = {0};
	struct err e = {0};

	if (create_words(c, &w, false, argc, argv) < 0)
		return c->status;
	if (runtime_open(&c->rt, c->root, true, &e) < 0 || runtime_create(&c->rt, &w.o, &e) < 0)
		return oci_fail(c, &e, 0);
	return 0;
}

int oci_run_main(struct oci_cmd *c, int argc, char **argv)
{
	struct create_words w = {0};
	struct err e = {0};
	int status;

	if (create_words(c, &w, true, argc, argv) < 0)
		return c->status;
	w.o.foreground = !w.detach;
	if (!w.detach && !w.no_subreaper)
		sys_set_subreaper(true);
	if (runtime_open(&c->rt, c->root, true, &e) < 0 ||
	    runtime_run(&c->rt, &w.o, w.keep, &status, &e) < 0)
		return oci_fail(c, &e, 0);
	return status;
}

static int one_id(struct oci_cmd *c, int argc, char **argv)
{
	static const struct oci_opt none[] = {{0}};
	struct err e = {0};

	if (oci_words(c, argc, argv, none, 1, 1) < 0)
		return -1;
	if (runtime_open(&c->rt, c->root, false, &e) == 0)
		return 0;
	c->status = oci_fail(c, &e, 1);
	return -1;
}

int oci_start_main(struct oci_cmd *c, int argc, char **argv)
{
	struct err e = {0};

	if (one_id(c, argc, argv) < 0)
		return c->status;
	return runtime_start(&c->rt, argv[0], notify_socket(), &e) < 0 ? oci_fail(c, &e, 0) : 0;
}

int oci_pause_main(struct oci_cmd *c, int argc, char **argv)
{
	struct err e = {0};

	if (one_id(c, argc, argv) < 0)
		return c->status;
	return runtime_pause(&c->rt, argv[0], &e) < 0 ? oci_fail(c, &e, 1) : 0;
}

int oci_resume_main(struct oci_cmd *c, int argc, char **argv)
{
	struct err e = {0};

	if (one_id(c, argc, argv) < 0)
		return c->status;
	return runtime_resume(&c->rt, argv[0], &e) < 0 ? oci_fail(c, &e, 1) : 0;
}

int oci_state_main(struct oci_cmd *c, int argc, char **argv)
{
	static char text[STATE_CAP];
	struct err e = {0};
	struct buf b;

	if (one_id(c, argc, argv) < 0)
		return c->status;
	buf_init(&b, text, sizeof(text));
	if (runtime_state(&c->rt, argv[0], &b, &e) < 0)
		return oci_fail(c, &e, 1);
	return sys_write_all(1, b.p, b.len) < 0 ? 1 : 0;
}

int oci_kill_main(struct oci_cmd *c, int argc, char **argv)
{
	bool all = false;
	const struct oci_opt opts[] = {{.name = "all", .letter = 'a', .flag = &all}, {0}};
	struct err e = {0};
	int sig = SIGTERM, n = oci_words(c, argc, argv, opts, 1, 2);

	if (n < 0)
		return c->status;
	if (n == 2)
		sig = str_eq(argv[1], "0") ? 0 : signame_parse(span_of(argv[1]));
	if (sig < 0) {
		err_text(&e, -EINVAL, "signal %.32s is not known", argv[1]);
		return oci_fail(c, &e, 1);
	}
	if (runtime_open(&c->rt, c->root, false, &e) < 0 ||
	    runtime_kill(&c->rt, argv[0], sig, all, &e) < 0)
		return oci_fail(c, &e, 1);
	return 0;
}

int oci_delete_main(struct oci_cmd *c, int argc, char **argv)
{
	bool force = false;
	const struct oci_opt opts[] = {{.name = "force", .letter = 'f', .flag = &force}, {0}};
	struct err e = {0};

	if (oci_words(c, argc, argv, opts, 1, 1) < 0)
		return c->status;
	if (runtime_open(&c->rt, c->root, false, &e) < 0)
		return force && e.code == -ENOENT ? 0 : oci_fail(c, &e, 1);
	return runtime_delete(&c->rt, argv[0], force, &e) < 0 ? oci_fail(c, &e, 1) : 0;
}

struct listing {
	bool json, quiet, failed;
	struct entry {
		char *id, *text;
	} * v;
	size_t n;
};

static void list_one(void *data, const struct oci_state *s, enum oci_status status)
{
	static char text[STATE_CAP];
	struct listing *l = data;
	struct entry *v;
	struct buf b;

	buf_init(&b, text, sizeof(text));
	if (l->json)
		oci_state_print(&b, s, status);
	else if (!l->quiet)
		buf_printf(&b, "%-32s %8d %-9s %-32s %-30s %s\n", s->id,
			   status == OCI_STOPPED ? 0 : (int)s->pid, oci_status_name(status),
			   s->bundle, s->created, s->owner);
	else
		buf_printf(&b, "%s\n", s->id);
	v = realloc(l->v, (l->n + 1) * sizeof(*v));
	if (!buf_ok(&b) || !v) {
		l->failed = true;
		return;
	}
	l->v = v;
	v[l->n] = (struct entry){strdup(s->id), strndup(b.p, l->json ? b.len - 1 : b.len)};
	l->failed |= !v[l->n].id || !v[l->n].text;
	l->n++;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

static int list_print(struct oci_cmd *c, struct listing *l)
{
	struct err e = {0};

	if (l->failed) {
		err_set(&e, -ENOMEM, "list");
		return oci_fail(c, &e, 1);
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_id);
	for (size_t i = 0; i < l->n; i++)
		printf("%s%s", !l->json ? "" : i ? "," : "[", l->v[i].text);
	if (l->json)
		puts(l->n ? "]" : "null"); /* as runc */
	return 0;
}

int oci_list_main(struct oci_cmd *c, int argc, char **argv)
{
	const char *format = "table";
	struct listing l = {0};
	const struct oci_opt opts[] = {
		{.name = "format", .letter = 'f', .value = &format, .arg = "table|json"},
		{.name = "quiet", .letter = 'q', .flag = &l.quiet},
		{0},
	};
	struct err e = {0};

	if (oci_words(c, argc, argv, opts, 0, 0) < 0)
		return c->status;
	if (oci_format(c, format, &l.json) < 0)
		return c->status;
	if (!l.json && !l.quiet)
		printf("%-32s %8s %-9s %-32s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE",
		       "CREATED", "OWNER");
	if (runtime_open(&c->rt, c->root, false, &e) < 0) {
		if (e.code != -ENOENT)
			return oci_fail(c, &e, 1);
	} else if (runtime_list(&c->rt, list_one, &l, &e) < 0) {
		return oci_fail(c, &e, 1);
	}
	return list_print(c, &l);
}
