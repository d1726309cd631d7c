/* SPDX-License-Identifier: Apache-2.0 */
/* spec: an example to begin with. runc's: a shell that may do little, on a terminal; or the engine's own default. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/oci_verbs.h"
#include "oci/defaults.h"
#include "sys/cred.h"
#include "sys/fd.h"

#define TEXT_CAP (128 * 1024)

/* CAP_KILL, CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE */
#define EXAMPLE_CAPS (UINT64_C(1) << 5 | UINT64_C(1) << 10 | UINT64_C(1) << 29)

static struct oci_rlimit no_file = {RLIMIT_NOFILE, 1024, 1024};
static struct oci_device_rule deny_all = {false, 'a', -1, -1, true, true, true};
static struct oci_idmap uid_map = {0, 0, 1}, gid_map = {0, 0, 1};

static void as_runc(struct oci_spec *s)
{
	auto_close int v2 = sys_open(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", O_PATH, 0);

	s->ns[OCI_NS_CGROUP].set = v2 >= 0;
	s->process.caps.bounding = s->process.caps.effective = s->process.caps.permitted =
		EXAMPLE_CAPS;
	s->process.rlimits = &no_file;
	s->process.n_rlimits = 1;
	s->resources.devices = &deny_all;
	s->resources.n_devices = 1;
	s->seccomp.set = false;
}

/* Ids that only root may map are taken out, and what only root may mount. Spec: none; runc's specconv.ToRootless() */
static void rootless(struct oci_spec *s)
{
	static char *sys_options[] = {(char *)(uintptr_t) "rbind",  (char *)(uintptr_t) "nosuid",
				      (char *)(uintptr_t) "noexec", (char *)(uintptr_t) "nodev",
				      (char *)(uintptr_t) "ro",	    NULL};
	size_t kept = 0;

	uid_map.host = sys_get_uid();
	gid_map.host = sys_get_gid();
	s->idmaps = (struct oci_idmaps){&uid_map, &gid_map, 1, 1};
	s->ns[OCI_NS_USER].set = true;
	s->ns[OCI_NS_NET].set = false;
	memset(&s->resources, 0, sizeof(s->resources));
	for (size_t i = 0; i < s->n_mounts; i++) {
		struct oci_mount *m = &s->mounts[i];
		struct oci_strs *o = &m->options;
		size_t n = 0;

		if (str_eq(m->destination, "/sys/fs/cgroup"))
			continue;
		if (str_eq(m->destination, "/sys")) {
			m->type = (char *)(uintptr_t) "none";
			m->source = m->destination;
			*o = (struct oci_strs){sys_options, ARRAY_LEN(sys_options) - 1};
		}
		for (size_t j = 0; j < o->n; j++)
			if (!str_starts(o->v[j], "gid=") && !str_starts(o->v[j], "uid="))
				o->v[n++] = o->v[j];
		o->n = n;
		s->mounts[kept++] = *m;
	}
	s->n_mounts = kept;
}

static int make(bool by_default, bool for_rootless, struct buf *ret, struct err *e)
{
	static const char *const args[] = {"sh"};
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
	static char text[TEXT_CAP], model[TEXT_CAP];
	const struct oci_inputs in = {.rootfs = "rootfs",
				      .args = args,
				      .n_args = 1,
				      .env = env,
				      .n_env = ARRAY_LEN(env),
				      .hostname = "cleat",
				      .tty = true,
				      .no_new_privs = !by_default,
				      .read_only = true};
	struct oci_spec spec;
	struct arena a;
	struct buf b;
	int r;

	arena_init(&a, model, sizeof(model));
	buf_init(&b, text, sizeof(text));
	r = oci_spec_default(&in, &a, &spec, e);
	if (r < 0)
		return r;
	if (!by_default)
		as_runc(&spec);
	if (for_rootless)
		rootless(&spec);
	oci_spec_write(&b, &spec);
	oci_indent(ret, (struct span){b.p, b.len});
	return buf_ok(&b) && buf_ok(ret) ? 0 : err_set(e, -EFBIG, "example configuration");
}

int oci_spec_main(struct oci_cmd *c, int argc, char **argv)
{
	static char text[TEXT_CAP];
	const char *bundle = ".";
	bool for_rootless = false, by_default = false;
	const struct oci_opt opts[] = {
		{.name = "bundle", .letter = 'b', .value = &bundle, .arg = "DIR"},
		{.name = "rootless", .flag = &for_rootless},
		{.name = "default", .flag = &by_default}, /* ours */
		{0},
	};
	struct err e = {0};
	struct buf b;
	auto_close int dir = -1;
	auto_close int fd = -1;
	int r;

	if (oci_words(c, argc, argv, opts, 0, 0) < 0)
		return c->status;
	buf_init(&b, text, sizeof(text));
	r = make(by_default, for_rootless, &b, &e);
	if (r < 0)
		return oci_fail(c, &e, 1);
	dir = sys_open(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	fd = dir < 0 ? dir : sys_open(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL, 0644);
	r = fd < 0 ? fd : sys_write_all(fd, b.p, b.len);
	if (r < 0)
		err_set(&e, r, "write %s/config.json", bundle);
	return r < 0 ? oci_fail(c, &e, 1) : 0;
}
