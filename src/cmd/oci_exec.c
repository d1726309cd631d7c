/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a container. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"

#define MAX_LIST 256

struct words {
	struct runtime_exec o;
	const char *user, *preserve, *ignored;
	const char *cgroups[32];
	const char *env[MAX_LIST], *caps[64], *gids[MAX_LIST];
	size_t n_env, n_caps, n_gids;
	gid_t groups[MAX_LIST];
};

/* "uid" or "uid:gid", digits only (CVE-2026-30892: what is not understood must not become a user) */
static int parse_user(struct words *w, struct err *e)
{
	struct span gid, uid;
	uint32_t u, g = 0;
	bool has_gid;
	int r;

	if (!w->user)
		return 0;
	uid = span_cut(span_of(w->user), ':', &gid, &has_gid);
	r = num_u32(uid, UINT32_MAX - 1, &u); /* 2^32 - 1 is "no change" to the kernel */
	if (r == 0 && has_gid)
		r = num_u32(gid, UINT32_MAX - 1, &g);
	if (r < 0)
		return err_text(e, -EINVAL, "--user \"%.64s\" is not uid[:gid] in digits", w->user);
	w->o.has_user = true;
	w->o.has_group = has_gid;
	w->o.uid = u;
	w->o.gid = g;
	return 0;
}

static int parse_lists(const struct oci_cmd *c, struct words *w, struct err *e)
{
	uint32_t n = 0;

	for (size_t i = 0; i < w->n_caps; i++) {
		int cap = oci_cap_number(w->caps[i]);

		if (cap < 0)
			w->o.unknown_cap = w->caps[i];
		else
			w->o.add_caps |= UINT64_C(1) << cap;
	}
	for (size_t i = 0; i < w->n_gids; i++) {
		if (num_u32(span_of(w->gids[i]), UINT32_MAX - 1, &n) < 0)
			return err_text(e, -EINVAL, "--additional-gids %.32s is not a number",
					w->gids[i]);
		w->groups[i] = n;
	}
	if (oci_number("preserve-fds", w->preserve, 1024, &w->o.preserve_fds, e) < 0 ||
	    oci_fds(c, 0, &w->o.preserve_fds, e) < 0)
		return -EINVAL;
	w->o.env = w->env;
	w->o.n_env = w->n_env;
	w->o.groups = w->groups;
	w->o.cgroups = w->cgroups;
	w->o.n_groups = w->n_gids;
	return parse_user(w, e);
}

int oci_exec_main(struct oci_cmd *c, int argc, char **argv)
{
	static struct words w;
	const struct oci_opt opts[] = {
		{.name = "process", .letter = 'p', .value = &w.o.process_path},
		{.name = "user", .letter = 'u', .value = &w.user},
		{.name = "cwd", .value = &w.o.cwd},
		{.name = "env",
		 .letter = 'e',
		 .list = w.env,
		 .n_list = &w.n_env,
		 .cap_list = MAX_LIST},
		{.name = "cap", .letter = 'c', .list = w.caps, .n_list = &w.n_caps, .cap_list = 64},
		{.name = "additional-gids",
		 .letter = 'g',
		 .list = w.gids,
		 .n_list = &w.n_gids,
		 .cap_list = MAX_LIST},
		{.name = "no-new-privs", .flag = &w.o.no_new_privs, .seen = &w.o.sets_no_new_privs},
		{.name = "apparmor", .value = &w.o.apparmor},
		{.name = "process-label", .value = &w.o.selinux},
		{.name = "cgroup",
		 .list = w.cgroups,
		 .n_list = &w.o.n_cgroups,
		 .cap_list = ARRAY_LEN(w.cgroups)},
		{.name = "ignore-paused", .flag = &w.o.ignore_paused},
		{.name = "tty", .letter = 't', .flag = &w.o.tty},
		{.name = "console-socket", .value = &w.o.console_socket},
		{.name = "pidfd-socket", .value = &w.o.pidfd_socket},
		{.name = "detach", .letter = 'd', .flag = &w.o.detach},
		{.name = "pid-file", .value = &w.o.pid_file},
		{.name = "preserve-fds", .value = &w.preserve},
		{0},
	};
	struct err e = {0};
	int n = oci_words(c, argc, argv, opts, 1, -1), status;

	if (n < 0)
		return c->status;
	if (n == 1 && !w.o.process_path)
		err_text(&e, -EINVAL, "exec: there is no command");
	if (e.code || parse_lists(c, &w, &e) < 0)
		return oci_usage(c, &e);
	w.o.id = argv[0];
	w.o.args = (const char *const *)&argv[1];
	w.o.n_args = (size_t)n - 1;
	if (runtime_open(&c->rt, c->root, false, &e) < 0 ||
	    runtime_exec(&c->rt, &w.o, &status, &e) < 0)
		return oci_fail(c, &e, 0);
	return status;
}
