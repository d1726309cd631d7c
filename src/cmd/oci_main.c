/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI runtime's command line: options and verbs of runc, so that containerd, podman and CRI-O can
 * call it by name. Parses and prints; src/runtime does the work.
 */
#include "cmd/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/rfc3339.h"
#include "base/str.h"
#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"
#include "runtime/runtime.h"
#include "runtime/selfexe.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define MAX_WORDS 4096

static const struct verb {
	const char *name, *args, *help;
	int (*main)(struct oci_cmd *c, int argc, char **argv);
	bool enters; /* comes near a container: our file is protected first */
} verbs[] = {
	{"create", "[options] ID", "make a container that waits to be started", oci_create_main,
	 true},
	{"start", "ID", "start a created container", oci_start_main, false},
	{"run", "[options] ID", "create, start, wait, delete", oci_run_main, true},
	{"state", "ID", "print a container's state", oci_state_main, false},
	{"kill", "[--all] ID [SIGNAL]", "send a signal to its first process", oci_kill_main, false},
	{"delete", "[--force] ID", "remove what is left of a container", oci_delete_main, false},
	{"exec", "[options] ID COMMAND...", "run one more process in it", oci_exec_main, true},
	{"pause", "ID", "stop all processes of a container", oci_pause_main, false},
	{"resume", "ID", "let them go on", oci_resume_main, false},
	{"ps", "[--format table|json] ID [PS OPTIONS]", "list its processes", oci_ps_main, false},
	{"list", "[--format table|json] [--quiet]", "list containers", oci_list_main, false},
	{"spec", "[--bundle DIR]", "write an example config.json", oci_spec_main, false},
};

/* One line of the log file, in the form that containerd and podman read. */
static void write_log(const struct oci_cmd *c, const char *level, const char *text)
{
	auto_close int fd = -1;
	char now[RFC3339_CAP], line[2048];
	struct buf b;
	uint32_t ns;
	int64_t s;

	if (!c->log)
		return;
	sys_realtime(&s, &ns);
	rfc3339_format(now, s, ns);
	buf_init(&b, line, sizeof(line));
	if (c->log_json) {
		buf_printf(&b, "{\"level\":\"%s\",\"msg\":", level);
		buf_json(&b, text);
		buf_printf(&b, ",\"time\":\"%s\"}\n", now);
	} else {
		buf_printf(&b, "time=\"%s\" level=%s msg=", now, level);
		buf_json(&b, text);
		buf_putc(&b, '\n');
	}
	fd = sys_open(AT_FDCWD, c->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd >= 0 && buf_ok(&b))
		sys_write_all(fd, b.p, b.len);
}

void oci_tell(const struct oci_cmd *c, const char *level, const char *text)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "cleat oci: %s%s\n",
			 str_eq(level, "warning") ? "warning: " : "", text);

	write_log(c, level, text);
	sys_write_all(2, line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

static int usage(FILE *to)
{
	fputs("usage: cleat oci [--root DIR] [--log FILE] [--log-format text|json] [--debug] VERB "
	      "...\n\n",
	      to);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		fprintf(to, "  %-8s %-32s %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
	return to == stdout ? 0 : 2;
}

static int print_version(void)
{
	printf("cleat version %s\nspec: %s\n", CLEAT_VERSION, OCI_VERSION);
	return 0;
}

static int protect(struct oci_cmd *c, int argc, char **argv, struct err *e)
{
	static char name[] = "cleat-oci";
	static char *again[MAX_WORDS + 2];

	(void)c;
	if (argc > MAX_WORDS)
		return err_text(e, -E2BIG, "more than %d words", MAX_WORDS);
	again[0] = name;
	memcpy(&again[1], argv, (size_t)argc * sizeof(*argv));
	return selfexe_protect(again, e);
}

static int dispatch(struct oci_cmd *c, const struct verb *v, int words, int argc, char **argv)
{
	struct err e = {0};
	int status, r = v->enters ? protect(c, argc, argv, &e) : 0;

	if (r < 0) {
		oci_tell(c, "error", e.msg);
		return 125;
	}
	status = v->main(c, argc - words - 1, argv + words + 1);
	if (*c->rt.warning)
		oci_tell(c, "warning", c->rt.warning);
	return status;
}

int oci_main(int argc, char **argv)
{
	struct oci_cmd c = {.root = RUNTIME_ROOT};
	bool systemd = false, help = false, version = false, debug = false;
	const char *format = "text", *ignored = NULL;
	const struct oci_opt opts[] = {
		{.name = "root", .value = &c.root},
		{.name = "log", .value = &c.log},
		{.name = "log-format", .value = &format},
		{.name = "debug", .flag = &debug},
		{.name = "systemd-cgroup", .flag = &systemd},
		{.name = "rootless", .value = &ignored},
		{.name = "cgroup-manager", .value = &c.cgroup_manager}, /* crun's */
		{.name = "help", .letter = 'h', .flag = &help},
		{.name = "version", .letter = 'v', .flag = &version},
		{0},
	};
	struct err e = {0};
	int words;

	words = oci_opts(argc, argv, opts, &e);
	c.log_json = str_eq(format, "json");
	if (words >= 0 && !c.log_json && !str_eq(format, "text"))
		words = err_text(&e, -EINVAL, "--log-format %.32s is not known", format);
	if (words >= 0 && (systemd || (c.cgroup_manager && str_eq(c.cgroup_manager, "systemd"))))
		words = err_text(
			&e, -EOPNOTSUPP,
			"cgroups by systemd are not supported: call it without --systemd-cgroup");
	if (words < 0) {
		oci_tell(&c, "error", e.msg);
		return e.code == -EINVAL ? 2 : 125;
	}
	if (help)
		return usage(stdout);
	if (version)
		return print_version();
	for (size_t i = 0; words < argc && i < ARRAY_LEN(verbs); i++)
		if (str_eq(argv[words], verbs[i].name))
			return dispatch(&c, &verbs[i], words, argc, argv);
	return usage(stderr);
}
