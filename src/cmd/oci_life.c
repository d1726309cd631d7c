/* SPDX-License-Identifier: Apache-2.0 */
/* create, start, run, pause, resume, state, kill, delete, list. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>

#include "base/num.h"
#include "base/signame.h"
#include "base/str.h"
#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"
#include "sys/fd.h"

#define STATE_CAP (64 * 1024)

int oci_fail(struct oci_cmd *c, const struct err *e, int status)
{
	oci_tell(c, "error", e->msg);
	return status ? status : c->rt.exit_code ? c->rt.exit_code : 125;
}

int oci_usage(const char *text, const struct err *e)
{
	fprintf(stderr, "%s%susage: cleat oci %s\n", e ? e->msg : "", e ? "\n" : "", text);
	return 2;
}

static int number(const char *text, unsigned int *ret, struct err *e)
{
	uint32_t n = 0;

	if (text && num_u32(span_of(text), 1024, &n) < 0)
		return err_text(e, -EINVAL, "--preserve-fds %.32s is not a number up to 1024",
				text);
	*ret = n;
	return 0;
}

struct create_words {
	struct runtime_create o;
	const char *preserve;
	bool detach, keep, no_pivot, no_new_keyring, no_subreaper;
};

static int create_words(struct create_words *w, bool run, int argc, char **argv, struct err *e)
{
	const struct oci_opt opts[] = {
		{.name = "bundle", .letter = 'b', .value = &w->o.bundle},
		{.name = "console-socket", .value = &w->o.console_socket},
		{.name = "pid-file", .value = &w->o.pid_file},
		{.name = "preserve-fds", .value = &w->preserve},
		{.name = "no-pivot", .flag = &w->no_pivot},
		{.name = "no-new-keyring", .flag = &w->no_new_keyring},
		{.name = run ? "detach" : "", .letter = run ? 'd' : '\1', .flag = &w->detach},
		{.name = run ? "keep" : "", .flag = &w->keep},
		{.name = run ? "no-subreaper" : "", .flag = &w->no_subreaper},
		{0},
	};
	int words = oci_opts(argc, argv, opts, e);

	if (words < 0)
		return words;
	if (words + 1 != argc)
		return err_text(e, -EINVAL, "one container id is wanted");
	if (w->no_pivot)
		return err_text(
			e, -EOPNOTSUPP,
			"--no-pivot is not supported: it leaves the host's tree within reach");
	w->o.id = argv[words];
	if (!w->o.bundle)
		w->o.bundle = ".";
	return number(w->preserve, &w->o.preserve_fds, e);
}

int oci_create_main(struct oci_cmd *c, int argc, char **argv)
{
	struct create_words w = {0};
	struct err e = {0};

	if (create_words(&w, false, argc, argv, &e) < 0)
		return oci_usage("create [--bundle DIR] [--console-socket PATH] [--pid-file PATH] "
				 "[--preserve-fds N] ID",
				 &e);
	if (runtime_open(&c->rt, c->root, true, &e) < 0 || runtime_create(&c->rt, &w.o, &e) < 0)
		return oci_fail(c, &e, 0);
	return 0;
}

int oci_run_main(struct oci_cmd *c, int argc, char **argv)
{
	struct create_words w = {0};
	struct err e = {0};
	int status;

	if (create_words(&w, true, argc, argv, &e) < 0)
		return oci_usage("run [--detach] [--keep] [--bundle DIR] [--console-socket PATH] "
				 "[--pid-file PATH] "
				 "[--preserve-fds N] ID",
				 &e);
	if (runtime_open(&c->rt, c->root, true, &e) < 0 ||
	    runtime_run(&c->rt, &w.o, w.detach, w.keep, &status, &e) < 0)
		return oci_fail(c, &e, 0);
	return status;
}

static int one_id(struct oci_cmd *c, int argc, char **argv, const char *text)
{
	struct err e = {0};

	if (argc != 1 || argv[0][0] == '-')
		return oci_usage(text, NULL);
	return runtime_open(&c->rt, c->root, false, &e) < 0 ? oci_fail(c, &e, 1) : 0;
}

int oci_start_main(struct oci_cmd *c, int argc, char **argv)
{
	struct err e = {0};
	int r = one_id(c, argc, argv, "start ID");

	if (r)
		return r;
	return runtime_start(&c->rt, argv[0], &e) < 0 ? oci_fail(c, &e, 0) : 0;
}

int oci_pause_main(struct oci_cmd *c, int argc, char **argv)
{
	struct err e = {0};
	int r = one_id(c, argc, argv, "pause ID");

	if (r)
		return r;
	return runtime_pause(&c->rt, argv[0], &e) < 0 ? oci_fail(c, &e, 1) : 0;
}

int oci_resume_main(struct oci_cmd *c, int argc, char **argv)
{
	struct err e = {0};
	int r = one_id(c, argc, argv, "resume ID");

	if (r)
		return r;
	return runtime_resume(&c->rt, argv[0], &e) < 0 ? oci_fail(c, &e, 1) : 0;
}

int oci_state_main(struct oci_cmd *c, int argc, char **argv)
{
	static char text[STATE_CAP];
	struct err e = {0};
	struct buf b;
	int r = one_id(c, argc, argv, "state ID");

	if (r)
		return r;
	buf_init(&b, text, sizeof(text));
	if (runtime_state(&c->rt, argv[0], &b, &e) < 0)
		return oci_fail(c, &e, 1);
	return sys_write_all(1, b.p, b.len) < 0 ? 1 : 0;
}

int oci_kill_main(struct oci_cmd *c, int argc, char **argv)
{
	static const char text[] = "kill [--all] ID [SIGNAL]";
	bool all = false;
	const struct oci_opt opts[] = {{.name = "all", .letter = 'a', .flag = &all}, {0}};
	struct err e = {0};
	int sig = SIGTERM, words = oci_opts(argc, argv, opts, &e);

	if (words < 0 || argc - words < 1 || argc - words > 2)
		return oci_usage(text, words < 0 ? &e : NULL);
	if (argc - words == 2)
		sig = signame_parse(span_of(argv[words + 1]));
	if (sig < 0) {
		err_text(&e, -EINVAL, "signal %.32s is not known", argv[words + 1]);
		return oci_fail(c, &e, 1);
	}
	if (runtime_open(&c->rt, c->root, false, &e) < 0 ||
	    runtime_kill(&c->rt, argv[words], sig, all, &e) < 0)
		return oci_fail(c, &e, 1);
	return 0;
}

int oci_delete_main(struct oci_cmd *c, int argc, char **argv)
{
	bool force = false;
	const struct oci_opt opts[] = {{.name = "force", .letter = 'f', .flag = &force}, {0}};
	struct err e = {0};
	int words = oci_opts(argc, argv, opts, &e);

	if (words < 0 || argc - words != 1)
		return oci_usage("delete [--force] ID", words < 0 ? &e : NULL);
	if (runtime_open(&c->rt, c->root, false, &e) < 0)
		return force && e.code == -ENOENT ? 0 : oci_fail(c, &e, 1);
	return runtime_delete(&c->rt, argv[words], force, &e) < 0 ? oci_fail(c, &e, 1) : 0;
}

struct listing {
	bool json, quiet;
	size_t n;
};

static void list_one(void *data, const struct oci_state *s, enum oci_status status)
{
	static char text[STATE_CAP];
	struct listing *l = data;
	struct buf b;

	if (l->quiet) {
		puts(s->id);
	} else if (l->json) {
		buf_init(&b, text, sizeof(text));
		oci_state_print(&b, s, status);
		if (buf_ok(&b))
			printf("%s%.*s", l->n ? "," : "[", (int)b.len - 1, b.p);
	} else {
		if (!l->n)
			printf("%-32s %8s %-9s %-32s %s\n", "ID", "PID", "STATUS", "BUNDLE",
			       "CREATED");
		printf("%-32s %8d %-9s %-32s %s\n", s->id, status == OCI_STOPPED ? 0 : (int)s->pid,
		       oci_status_name(status), s->bundle, s->created);
	}
	l->n++;
}

int oci_list_main(struct oci_cmd *c, int argc, char **argv)
{
	const char *format = "table";
	struct listing l = {0};
	const struct oci_opt opts[] = {{.name = "format", .letter = 'f', .value = &format},
				       {.name = "quiet", .letter = 'q', .flag = &l.quiet},
				       {0}};
	struct err e = {0};
	int words = oci_opts(argc, argv, opts, &e);

	l.json = str_eq(format, "json");
	if (words != argc || (!l.json && !str_eq(format, "table")))
		return oci_usage("list [--format table|json] [--quiet]", words < 0 ? &e : NULL);
	if (runtime_open(&c->rt, c->root, false, &e) < 0) {
		if (e.code != -ENOENT)
			return oci_fail(c, &e, 1);
	} else if (runtime_list(&c->rt, list_one, &l, &e) < 0) {
		return oci_fail(c, &e, 1);
	}
	if (l.json)
		puts(l.n ? "]" : "null"); /* as runc */
	return 0;
}
