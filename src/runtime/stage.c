/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that becomes the container. It is born into its namespaces, prepares the root, goes in,
 * gives up what it may not keep, and waits to be started. While it has host descriptors it has no
 * container process beside it that could look at them; it is not dumpable either.
 *
 * Everything that resolves paths of the image happens in rootfs_*; everything before pivot_root uses
 * the host's /proc, which no container can have changed.
 */
#include "runtime/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "file/procfs.h"
#include "runtime/become.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/check.h"
#include "runtime/hooks.h"
#include "runtime/namespaces.h"
#include "runtime/notify.h"
#include "runtime/rootfs.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/sock.h"

/* linux/key.h of the kernel, not of its interface: possessor all; user view, read, link */
#define KEY_NEW	       0x3f130000u
#define KEY_USR_SEARCH 0x00080000u
#define KEY_OTH_SEARCH 0x00000008u

void stage_report(int fd, const struct err *e)
{
	struct stage_msg m = {.kind = STAGE_FAILED, .code = e->code};

	memcpy(m.text, e->msg, sizeof(m.text));
	sys_write(fd, &m, sizeof(m));
}

int stage_failure(const struct stage_msg *m, struct err *e)
{
	return err_text(e, m->code < 0 ? m->code : -EIO, "%s", m->text);
}

int stage_wait(int fd, struct stage_msg *ret)
{
	ssize_t n = sys_read(fd, ret, sizeof(*ret));

	/* it ended without reading all we sent: told once, before what it said last */
	if (n == -ECONNRESET)
		n = sys_read(fd, ret, sizeof(*ret));
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof(*ret))
		return n < 0 ? (int)n : -EBADMSG;
	ret->text[sizeof(ret->text) - 1] = '\0';
	return 1;
}

/* Nothing but one write, and sendmsg where that is needed, before the answer: see runtime/notify.h. */
int stage_notify(int sync_fd, int fd, bool send, struct err *e)
{
	struct stage_msg m = {.kind = STAGE_NOTIFY, .code = send ? NOTIFY_SENT : fd};
	struct stage_ack ack;

	if (sys_write(sync_fd, &m, sizeof(m)) != (ssize_t)sizeof(m) ||
	    (send && sys_send_fds(sync_fd, "", 1, &fd, 1) < 0) ||
	    sys_read(sync_fd, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		return err_set(e, -EPIPE, "the seccomp agent was not told");
	return 0;
}

static int say(struct stage *s, enum stage_kind kind)
{
	struct stage_msg m = {.kind = kind};

	return (int)sys_write(s->sync_fd, &m, sizeof(m)) < 0 ? -EPIPE : 0;
}

static int wait_ack(struct stage *s, struct err *e)
{
	struct stage_ack ack;

	if (sys_read(s->sync_fd, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		return err_set(e, -EPIPE, "the runtime is gone");
	if (s->state)
		s->state->pid = ack.pid;
	return 0;
}

static int identity(struct stage *s, struct err *e)
{
	const struct oci_spec *spec = s->spec;
	int r = 0;

	if (spec->hostname && *spec->hostname)
		r = sys_set_hostname(spec->hostname);
	if (r < 0)
		return err_set(e, r, "set hostname");
	if (spec->domainname && *spec->domainname)
		r = sys_set_domainname(spec->domainname);
	if (r < 0)
		return err_set(e, r, "set domainname");
	/* as every runtime: a new network namespace has its loopback up */
	if (spec->ns[OCI_NS_NET].set && !spec->ns[OCI_NS_NET].path && !s->net_comes)
		return ns_loopback_up(e);
	return 0;
}

/* "net.ipv4.ip_forward" or "net/ipv4/ip_forward" */
static int set_sysctl(int *procfs, const struct oci_kv *kv, struct err *e)
{
	char path[256];
	int r = str_printf(path, sizeof(path), "sys/%s", kv->key);

	if (r < 0 || strstr(path, ".."))
		return err_set(e, -EINVAL, "sysctl %.64s", kv->key);
	sysctl_swap(path + strlen("sys/"), '.');
	r = procfs_write(procfs, path, kv->value, strlen(kv->value));
	return r < 0 ? err_set(e, r, "sysctl %s", kv->key) : 0;
}

static int sysctls(struct stage *s, struct err *e)
{
	auto_close int procfs = -1;
	int r = 0;

	for (size_t i = 0; i < s->spec->sysctl.n && r == 0; i++)
		r = set_sysctl(&procfs, &s->spec->sysctl.v[i], e);
	return r;
}

int stage_keyring(const struct oci_state *s, bool first, bool in_userns, struct err *e)
{
	/* what a new one has, and search for others of the user, or of the namespace, as in runc */
	uint32_t perm = KEY_NEW | (in_userns ? KEY_OTH_SEARCH : KEY_USR_SEARCH);
	char name[OCI_ID_MAX + 8];
	int r;

	if (!s->own_keyring)
		return 0;
	str_printf(name, sizeof(name), "_ses.%s", s->id);
	r = sys_join_keyring(name, first ? perm : 0);
	return r < 0 && r != -ENOSYS ? err_set(e, r, "session keyring") : 0;
}

int stage_place(struct stage *s, bool born_in_cgroup, struct err *e)
{
	int r = cgroup_enter(s->cgroup, born_in_cgroup, e);

	if (r == 0)
		r = become_placed(NULL, e);
	if (r == 0)
		r = become_victim(&s->spec->process, e);
	return r == 0 ? label_open(&s->spec->process, &s->label, e) : r;
}

/* Ids of the new user namespace exist once the parent has written the maps. */
static int enter(struct stage *s, struct err *e)
{
	int r = stage_place(s, s->born_in_cgroup, e);

	if (r == 0 && s->spec->ns[OCI_NS_USER].set) {
		r = wait_ack(s, e);
		if (r == 0)
			r = ns_become_root(s->spec->process.keep_groups, e);
		if (r == 0)
			r = sys_set_dumpable(false);
	}
	return r == 0 ? ns_join(s->ns_fds, false, s->spec->process.keep_groups, e) : r;
}

static int birth(struct stage *s, struct err *e)
{
	int r;

	sys_signals_reset();
	r = sys_setsid();
	if (r < 0 && r != -EPERM)
		return err_set(e, r, "setsid");
	r = s->ushered ? 0 : enter(s, e);
	if (r < 0)
		return r;
	r = s->unshare ? sys_unshare(s->unshare) : 0;
	if (r < 0)
		return err_set(e, r, "new namespaces");
	r = label_keys(&s->spec->process, &s->label, e);
	if (r == 0)
		r = stage_keyring(s->state, true, s->spec->ns[OCI_NS_USER].set, e);
	if (r == 0 && s->spec->ns[OCI_NS_CGROUP].set && !s->spec->ns[OCI_NS_CGROUP].path) {
		r = sys_unshare(CLONE_NEWCGROUP);
		if (r < 0)
			return err_set(e, r, "new cgroup namespace");
	}
	return r < 0 ? r : identity(s, e);
}

bool stage_asks(const struct oci_spec *s)
{
	const struct oci_hooks *h = s->hooks;

	return h[OCI_HOOK_PRESTART].n || h[OCI_HOOK_CREATE_RUNTIME].n ||
	       h[OCI_HOOK_CREATE_CONTAINER].n || h[OCI_HOOK_START_CONTAINER].n;
}

static int hooks_before_pivot(struct stage *s, int root_fd, struct err *e)
{
	int r;

	if (!stage_asks(s->spec) && s->sources == SOURCES_NONE)
		return 0;
	r = say(s, STAGE_MOUNTED);
	if (r == 0)
		r = wait_ack(s, e);
	if (r == 0) /* where createContainer hooks of runc find themselves */
		r = sys_fchdir(root_fd);
	if (r < 0)
		return err_set(e, r, "talk to the runtime");
	return hooks_run(s->spec, OCI_HOOK_CREATE_CONTAINER, s->state, OCI_CREATED, e);
}

static int enter_root(struct stage *s, struct err *e)
{
	struct rootfs root = {.spec = s->spec,
			      .cgroup = s->cgroup,
			      .path = s->rootfs,
			      .bundle = s->bundle,
			      .at = s->root_at,
			      .sources = s->sources,
			      .sync_fd = s->sync_fd,
			      .net_comes = s->net_comes,
			      .root_fd = -1,
			      .null_fd = -1,
			      .empty_fd = -1,
			      .pts_fd = -1,
			      .no_pivot = s->no_pivot,
			      .in_userns = s->spec->ns[OCI_NS_USER].set};
	int r;

	sys_set_umask(0);
	r = rootfs_mount(&root, e);
	if (r == 0)
		rootfs_cwd(&root);
	if (r == 0)
		r = rootfs_devices(&root, e);
	if (r == 0 && s->spec->process.terminal)
		r = rootfs_console(&root, s->console_fd, e);
	if (r == 0)
		r = rootfs_devices_seal(&root, e);
	if (r == 0)
		r = sysctls(s, e);
	if (r == 0)
		r = hooks_before_pivot(s, root.root_fd, e);
	if (r == 0)
		r = rootfs_hide(&root, e);
	if (r == 0)
		r = rootfs_enter(&root, e);
	if (r == 0 && root.pts_fd >= 0)
		r = become_terminal(root.pts_fd, &s->spec->process, e);
	return r; /* what is still open goes with close_rest() */
}

/* From here on nothing of the host is open but the way to hear "start" and to report. */
static int close_rest(struct stage *s, struct err *e)
{
	int keep[3] = {s->sync_fd, s->go_fd, s->started_fd};
	int r;

	for (int i = 1; i < 3; i++) /* sort three */
		for (int j = i; j > 0 && keep[j] < keep[j - 1]; j--) {
			int t = keep[j];

			keep[j] = keep[j - 1];
			keep[j - 1] = t;
		}
	r = sys_close_from(3 + (int)s->preserve_fds, keep, 3);
	return r < 0 ? err_set(e, r, "close descriptors") : 0;
}

static int until_ready(struct stage *s, struct become *b, struct err *e)
{
	int r = birth(s, e);

	/* here and not in the runtime, which is busy with what the stage will wait for */
	if (r == 0)
		r = filter_compile(&s->spec->seccomp, s->filter, e);
	if (r == 0)
		r = enter_root(s, e);
	if (r == 0)
		r = label_apply(b->process, &s->label, e);
	if (r == 0)
		r = close_rest(s, e);
	if (r == 0)
		r = become_prepare(b, e);
	if (r == 0)
		r = become_user(b, e);
	return r;
}

void stage_main(struct stage *s)
{
	struct become b = {.process = &s->spec->process,
			   .filter = s->filter,
			   .personality = s->spec->personality,
			   .sync_fd = s->sync_fd};
	struct err e = {0};
	ssize_t n;
	char go;
	int r = until_ready(s, &b, &e);

	if (r == 0)
		r = say(s, STAGE_READY);
	if (r < 0) {
		stage_report(s->sync_fd, &e);
		sys_exit_now(1);
	}
	if (s->go_fd != s->sync_fd)
		sys_close(s->sync_fd);
	sys_signals_end(); /* whoever created it may also want it gone */
	n = sys_read(s->go_fd, &go, 1);
	if (n == 0) /* nobody left who could start us: end quietly */
		sys_exit_now(1);
	environ = (char **)(uintptr_t)b.env;
	r = n < 0 ? err_set(&e, (int)n, "wait for the start")
		  : hooks_run(s->spec, OCI_HOOK_START_CONTAINER, s->state, OCI_CREATED, &e);
	if (r == 0)
		become_exec(&b, &e);
	stage_report(s->started_fd, &e);
	sys_exit_now(1);
}
