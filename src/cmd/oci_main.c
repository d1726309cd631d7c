/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI runtime's command line: options and verbs of runc, so that containerd, podman and CRI-O can
 * call it by name. Parses and prints; src/runtime does the work.
 */
#include "cmd/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/rfc3339.h"
#include "base/str.h"
#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"
#include "runtime/runtime.h"
#include "runtime/selfexe.h"
#include "runtime/systemd/systemd.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define MAX_WORDS 4096

static const struct oci_verb verbs[] = {
	{"create", "ID", "make a container that waits to be started", oci_create_main, true, false},
	{"start", "ID", "start a created container", oci_start_main, false, false},
	{"run", "ID", "create, start, wait, delete", oci_run_main, true, false},
	{"state", "ID", "print a container's state", oci_state_main, false, false},
	{"kill", "ID [SIGNAL]", "send a signal to its first process", oci_kill_main, false, false},
	{"delete", "ID", "remove what is left of a container", oci_delete_main, false, false},
	{"exec", "ID COMMAND...", "run one more process in it", oci_exec_main, true, true},
	{"pause", "ID", "stop all processes of a container", oci_pause_main, false, false},
	{"resume", "ID", "let them go on", oci_resume_main, false, false},
	{"update", "ID", "change limits of a container", oci_update_main, false, false},
	{"events", "ID", "print what it uses, and when memory was lacking", oci_events_main, false,
	 false},
	{"ps", "ID [PS OPTIONS]", "list its processes", oci_ps_main, false, true},
	{"list", "", "list containers", oci_list_main, false, false},
	{"checkpoint", "ID", "write it down and end it", oci_checkpoint_main, false, false},
	{"restore", "ID", "make it again from what was written", oci_restore_main, false, false},
	{"features", "", "print what this runtime can do", oci_features_main, false, false},
	{"spec", "", "write an example config.json", oci_spec_main, false, false},
};

/* One line of the log file, in the form that containerd and podman read; without one, to standard error. */
static void write_log(const struct oci_cmd *c, const char *level, const char *text)
{
	auto_close int fd = -1;
	char now[RFC3339_CAP], line[2048];
	struct buf b;
	uint32_t ns;
	int64_t s;

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
	if (c->log)
		fd = sys_open(AT_FDCWD, c->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (buf_ok(&b) && (fd >= 0 || !c->log))
		sys_write_all(c->log ? fd : 2, b.p, b.len);
}

void oci_tell(const struct oci_cmd *c, const char *level, const char *text)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "cleat oci: %s%s\n",
			 str_eq(level, "warning") ? "warning: " : "", text);

	if (c->log)
		write_log(c, level, text);
	sys_write_all(2, line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

static void log_step(void *arg, const char *text)
{
	write_log(arg, "debug", text);
}

int oci_usage(const struct oci_cmd *c, const struct err *e)
{
	oci_tell(c, "error", e->msg);
	fprintf(stderr, "See 'cleat oci %s --help'.\n", c->verb ? c->verb->name : "");
	return 1;
}

int oci_words(struct oci_cmd *c, int argc, char **argv, const struct oci_opt *opts, int min,
	      int max)
{
	struct err e = {0};
	int n = oci_opts(argc, argv, opts, c->verb->stop_at_first, &e);

	if (oci_help) {
		printf("usage: cleat oci %s [OPTIONS] %s\n\n%s\n", c->verb->name, c->verb->args,
		       c->verb->help);
		oci_opts_print(opts);
		c->status = 0;
		return -1;
	}
	if (n >= 0 && n < min)
		n = err_text(&e, -EINVAL, "%s: an argument is missing", c->verb->name);
	if (n >= 0 && max >= 0 && n > max)
		n = err_text(&e, -EINVAL, "%s: \"%.64s\" is one argument too many", c->verb->name,
			     argv[max]);
	if (n < 0)
		c->status = oci_usage(c, &e);
	return n < 0 ? -1 : n;
}

int oci_number(const char *name, const char *text, uint32_t max, uint32_t *ret, struct err *e)
{
	*ret = 0;
	if (text && num_u32(span_of(text), max, ret) < 0)
		return err_text(e, -EINVAL, "--%s %.32s is not a number up to %u", name, text, max);
	return 0;
}

int oci_fds(const struct oci_cmd *c, uint32_t listen, uint32_t *preserve, struct err *e)
{
	uint32_t want = listen + *preserve, n = want;
	struct stat st;
	char text[80];

	while (n > listen && sys_stat(2 + (int)n, &st) < 0)
		n--;
	for (uint32_t fd = 3; fd < 3 + n; fd++)
		if (sys_stat((int)fd, &st) < 0)
			return err_text(e, -EBADF,
					"descriptor %u, of %u to be passed on, is closed", fd,
					want);
	*preserve = n - listen;
	if (n < want) {
		snprintf(text, sizeof(text), "%u of %u descriptors to be passed on are open", n,
			 want);
		oci_tell(c, "warning", text);
	}
	return 0;
}

int oci_format(struct oci_cmd *c, const char *format, bool *ret_json)
{
	struct err e = {0};

	*ret_json = str_eq(format, "json");
	if (*ret_json || str_eq(format, "table"))
		return 0;
	err_text(&e, -EINVAL, "--format %.32s is not table or json", format);
	c->status = oci_usage(c, &e);
	return -1;
}

static int help(const struct oci_opt *opts)
{
	puts("usage: cleat oci [OPTIONS] VERB ...\n");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		printf("  %-10s %-14s %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
	putchar('\n');
	oci_opts_print(opts);
	return 0;
}

/* The lines that Docker, containerd and podman look for. */
static int print_version(void)
{
	unsigned int v[3];

	runtime_libseccomp(v);
	printf("cleat version %s\nspec: %s\nlibseccomp: %u.%u.%u\n", CLEAT_VERSION, OCI_VERSION,
	       v[0], v[1], v[2]);
	return 0;
}

static int protect(int argc, char **argv, struct err *e)
{
	static char name[] = "cleat-oci";
	static char *again[MAX_WORDS + 2];

	if (argc > MAX_WORDS)
		return err_text(e, -E2BIG, "more than %d words", MAX_WORDS);
	again[0] = name;
	memcpy(&again[1], argv, (size_t)argc * sizeof(*argv));
	return selfexe_protect(again, e);
}

/* @argv is as it was typed: option parsers move words */
static int dispatch(struct oci_cmd *c, int argc, char **argv, int n, char **words)
{
	struct err e = {0};
	int status;

	if (c->verb->enters && protect(argc, argv, &e) < 0)
		return oci_fail(c, &e, 0);
	if (c->debug) {
		c->rt.debug = log_step;
		c->rt.debug_arg = c;
	}
	status = c->verb->main(c, n, words);
	if (*c->rt.warning)
		oci_tell(c, "warning", c->rt.warning);
	if (c->debug) {
		char text[64];

		snprintf(text, sizeof(text), "%s: exit status %d", c->verb->name, status);
		write_log(c, "debug", text);
	}
	return status;
}

/* An ordinary user's containers are in the directory that a login session gives him. */
static const char *default_root(void)
{
	static char root[PATH_MAX / 2];
	const char *dir = getenv("XDG_RUNTIME_DIR");
	unsigned int uid = sys_get_uid();

	if (uid == 0)
		return RUNTIME_ROOT;
	if (str_empty(dir) || str_printf(root, sizeof(root), "%s/cleat", dir) < 0)
		str_printf(root, sizeof(root), "/run/user/%u/cleat", uid);
	return root;
}

/* Root in a user namespace is an ordinary user to the host, and to its systemd. */
static bool is_users(const struct oci_cmd *c)
{
	auto_close int fd = -1;
	char map[128];
	ssize_t n;
	const char *p;

	if (c->rootless && !str_eq(c->rootless, "auto"))
		return str_eq(c->rootless, "true");
	if (sys_get_uid() != 0)
		return true;
	fd = sys_open(AT_FDCWD, "/proc/self/uid_map", O_RDONLY, 0);
	n = fd < 0 ? fd : sys_read_full(fd, map, sizeof(map) - 1);
	if (n < 0)
		return false; /* a kernel without user namespaces */
	map[n] = '\0';
	p = strrchr(map, ' ');
	return !p || !str_eq(p + 1, "4294967295\n"); /* all there are: not in one */
}

int oci_systemd(const struct oci_cmd *c, const char **ret_socket, struct err *e)
{
	static char path[PATH_MAX / 2];
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	*ret_socket = NULL;
	if (!c->systemd)
		return 0;
	if (sys_statat(AT_FDCWD, "/run/systemd/system", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_text(
			e, -EOPNOTSUPP,
			"systemd is not running on this machine, so it cannot make cgroups: call "
			"without --systemd-cgroup (engines: cgroupfs)");
	*ret_socket = SYSTEMD_SOCKET;
	if (!is_users(c))
		return 0;
	*ret_socket = path;
	if (str_empty(dir) || str_printf(path, sizeof(path), "%s/systemd/private", dir) < 0)
		return err_text(
			e, -EOPNOTSUPP,
			"--systemd-cgroup: the systemd of this user is found by XDG_RUNTIME_DIR, which "
			"is not set");
	return 0;
}

static int check_globals(struct oci_cmd *c, const char *format, struct err *e)
{
	auto_close int fd = -1;

	c->log_json = str_eq(format, "json");
	if (!c->log_json && !str_eq(format, "text"))
		return err_text(e, -EINVAL, "--log-format %.32s is not known", format);
	if (c->rootless && !str_eq(c->rootless, "auto") && !str_eq(c->rootless, "true") &&
	    !str_eq(c->rootless, "false"))
		return err_text(e, -EINVAL, "--rootless %.32s is not true, false or auto",
				c->rootless);
	c->systemd |= c->cgroup_manager && str_eq(c->cgroup_manager, "systemd");
	if (!c->log)
		return 0;
	fd = sys_open(AT_FDCWD, c->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	return fd < 0 ? err_set(e, fd, "log file %s", c->log) : 0;
}

int oci_main(int argc, char **argv)
{
	static char *words[MAX_WORDS + 1];
	struct oci_cmd c = {.root = default_root()};
	bool version = false;
	const char *format = "text";
	const struct oci_opt opts[] = {
		{.name = "root", .value = &c.root, .arg = "DIR"},
		{.name = "log", .value = &c.log, .arg = "FILE"},
		{.name = "log-format", .value = &format, .arg = "text|json"},
		{.name = "debug", .flag = &c.debug},
		{.name = "systemd-cgroup", .flag = &c.systemd},
		{.name = "rootless", .value = &c.rootless, .arg = "true|false|auto"},
		{.name = "cgroup-manager", .value = &c.cgroup_manager}, /* crun's */
		{.name = "version", .letter = 'v', .flag = &version},
		{0},
	};
	struct err e = {0};
	int n;

	if (argc > MAX_WORDS)
		argc = MAX_WORDS;
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	n = oci_opts(argc, words, opts, true, &e);
	if (n >= 0 && version)
		return print_version();
	if (oci_help || n == 0)
		return help(opts);
	if (n > 0 && check_globals(&c, format, &e) < 0)
		n = -1;
	if (n < 0)
		return oci_usage(&c, &e);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (str_eq(words[0], verbs[i].name))
			c.verb = &verbs[i];
	if (c.verb)
		return dispatch(&c, argc, argv, n - 1, words + 1);
	err_text(&e, -EINVAL, "No help topic for '%.32s': there is no such verb", words[0]);
	oci_usage(&c, &e);
	return 3; /* as runc */
}
