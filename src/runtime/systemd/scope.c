/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's scope. systemd makes one around processes that are there already, so a process of ours waits in it until the
 * container's own enters its cgroup like any other; the order of a start stays the same. Delegated: below the scope's
 * directory all is ours.
 */
#include "runtime/systemd/systemd.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/systemd/bus.h"
#include "runtime/systemd/props.h"
#include "sys/fd.h"
#include "sys/ns.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define MAX_NAME 255 /* systemd's UNIT_NAME_MAX */

static struct bus bus;

static int check_slice(const char *slice, struct err *e)
{
	size_t n = strlen(slice);

	if (n > 6 && n <= MAX_NAME && str_ends(slice, ".slice") && !strchr(slice, '/'))
		return 0;
	return err_text(e, -EINVAL, "cgroupsPath: invalid slice name: %.128s", slice);
}

/* "slice:prefix:name"; an empty slice is systemd's own choice: system.slice, or of a user app.slice. */
static int names(const char *path, const char *id, struct arena *a, char **ret_slice,
		 char **ret_unit, struct err *e)
{
	struct span rest = span_of(path ? path : ""), slice, prefix;
	bool two = true, three = true;
	int r = 0;

	slice = span_cut(rest, ':', &rest, &two);
	prefix = span_cut(rest, ':', &rest, &three);
	if (str_empty(path)) {
		prefix = span_of("cleat");
		rest = span_of(id);
	} else if (!two || !three || memchr(rest.p, ':', rest.len)) {
		return err_text(
			e, -EINVAL,
			"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd "
			"cgroups, got \"%.128s\" instead",
			path);
	}
	*ret_slice = arena_strndup(a, slice.len ? slice.p : "", slice.len);
	*ret_unit = arena_printf(a, "%.*s%s%.*s.scope", (int)prefix.len, prefix.len ? prefix.p : "",
				 prefix.len ? "-" : "", (int)rest.len, rest.p);
	if (!*ret_slice || !*ret_unit)
		return err_set(e, -ENOMEM, "names of the scope");
	if (**ret_slice)
		r = check_slice(*ret_slice, e);
	if (r == 0 && (!rest.len || strlen(*ret_unit) > MAX_NAME || strchr(*ret_unit, '/')))
		r = err_text(e, -EINVAL, "cgroupsPath: \"%.128s\" is no name of a scope",
			     *ret_unit);
	return r;
}

int systemd_plan(struct oci_state *s, const char *path, const char *socket, struct arena *a,
		 struct err *e)
{
	struct cgroup c;
	char *slice;
	int r = cgroup_find(&c, "/", s->id, a, e);

	if (r < 0)
		return r;
	/* on v1 a reload of systemd's would lift our device rules; its newer versions know v2 only */
	if (c.ops != &cgroup_v2_ops)
		return err_text(
			e, -EOPNOTSUPP,
			"cgroups by systemd need cgroup v2, this machine has v1: call without "
			"--systemd-cgroup (engines: cgroupfs)");
	s->unit.socket = arena_strdup(a, socket);
	if (!s->unit.socket)
		return err_set(e, -ENOMEM, "names of the scope");
	return names(path, s->id, a, &slice, &s->unit.name, e);
}

/* A call with nothing but the unit's name */
static int call_named(const struct oci_unit *u, const char *member, const char *mode,
		      struct dbus_message *reply, struct err *e)
{
	struct buf *b = bus_begin(&bus, member, mode ? "ss" : "s");

	dbus_put_str(b, u->name);
	if (mode)
		dbus_put_str(b, mode);
	return bus_call(&bus, u->name, reply, e);
}

static int ask(const struct oci_state *s, const struct oci_spec *spec, const char *slice,
	       pid_t holder, struct dbus_message *reply, struct err *e)
{
	static const char text[] = "cleat container ";
	char description[sizeof(text) + OCI_ID_MAX];
	struct buf *b = bus_begin(&bus, "StartTransientUnit", "ssa(sv)a(sa(sv))");
	size_t props, pids;
	int r;

	dbus_put_str(b, s->unit.name);
	dbus_put_str(b, "fail");
	props = dbus_open(b, 8);
	str_printf(description, sizeof(description), "%s%s", text, s->id);
	props_str(b, "Description", description);
	if (*slice)
		props_str(b, "Slice", slice);
	props_begin(b, "PIDs", "au");
	pids = dbus_open(b, 4);
	dbus_put_u32(b, (uint32_t)holder);
	dbus_close(b, pids, 4);
	props_bool(b, "Delegate", true);
	props_bool(b, "DefaultDependencies", false);
	props_bool(b, "MemoryAccounting", true);
	props_bool(b, "CPUAccounting", true);
	props_bool(b, "IOAccounting", true);
	props_bool(b, "TasksAccounting", true);
	props_str(b, "CollectMode", "inactive-or-failed");
	props_resources(b, &spec->resources);
	r = props_annotations(b, &spec->annotations, e);
	dbus_close(b, props, 8);
	dbus_close(b, dbus_open(b, 8), 8); /* no other units */
	return r < 0 ? r : bus_call(&bus, s->unit.name, reply, e);
}

static int start(const struct oci_state *s, const struct oci_spec *spec, const char *slice,
		 pid_t holder, struct err *e)
{
	struct dbus_message reply;
	struct err first = {0};
	int r = ask(s, spec, slice, holder, &reply, &first);

	/* one that has failed is still known by its name */
	if (r == -EEXIST && call_named(&s->unit, "ResetFailedUnit", NULL, &reply, NULL) == 0)
		r = ask(s, spec, slice, holder, &reply, &first);
	if (r < 0)
		return err_text(e, r, "%s", first.msg);
	r = bus_wait_job(&bus, s->unit.name, &reply, e);
	if (r < 0) {
		bus_close(&bus); /* it may be what is wrong */
		systemd_stop(&s->unit, NULL);
	}
	return r;
}

/* Line "0::/system.slice/cleat-x.scope" */
static int find_path(pid_t pid, const char *unit, struct arena *a, char **ret_path, struct err *e)
{
	static char text[PATH_MAX];
	char file[32];
	ssize_t n;
	char *line = text, *last;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	n = cgroup_read(AT_FDCWD, file, text, sizeof(text));
	if (n < 0)
		return err_set(e, (int)n, "read %s", file);
	line[strcspn(line, "\n")] = '\0';
	last = strrchr(line, '/');
	if (!str_starts(line, "0::/") || !str_eq(last + 1, unit))
		return err_text(e, -EIO, "systemd: %s was started, but its process is in %s", unit,
				line);
	*ret_path = arena_strdup(a, line + 3);
	return *ret_path ? 0 : err_set(e, -ENOMEM, "cgroup path");
}

static pid_t hold(struct err *e)
{
	const struct sys_clone how = {.cgroup_fd = -1};
	pid_t parent = sys_getpid(), pid;
	int pidfd;
	bool ignored;

	pid = sys_clone(&how, &pidfd, &ignored);
	if (pid == 0) {
		sys_set_death_signal(SIGKILL);
		while (sys_getppid() == parent)
			sys_poll(NULL, 0, -1);
		sys_exit_now(0);
	}
	sys_close(pidfd);
	return pid < 0 ? err_set(e, pid, "new process") : pid;
}

void systemd_release(pid_t *holder)
{
	struct sys_exit ignored;

	if (*holder <= 0)
		return;
	sys_kill(*holder, SIGKILL);
	sys_wait(*holder, 0, &ignored);
	*holder = 0;
}

int systemd_start(const struct oci_state *s, const struct oci_spec *spec, struct arena *a,
		  pid_t *ret_holder, char **ret_path, struct err *e)
{
	char *slice, *unit;
	pid_t pid = 0;
	int r = names(spec->cgroups_path, s->id, a, &slice, &unit, e);

	if (r == 0)
		r = bus_open(&bus, s->unit.socket, e);
	if (r < 0)
		return r;
	r = pid = hold(e);
	if (r > 0)
		r = start(s, spec, slice, pid, e);
	bus_close(&bus);
	if (r == 0) {
		r = find_path(pid, s->unit.name, a, ret_path, e);
		if (r < 0)
			systemd_stop(&s->unit, NULL);
	}
	if (r < 0)
		systemd_release(&pid);
	*ret_holder = pid;
	return r;
}

int systemd_update(const struct oci_unit *u, const struct oci_resources *r, struct err *e)
{
	struct dbus_message reply;
	struct buf *b;
	size_t props, before;
	int ret = u->name ? bus_open(&bus, u->socket, e) : 0;

	if (!u->name || ret < 0)
		return ret;
	b = bus_begin(&bus, "SetUnitProperties", "sba(sv)");
	dbus_put_str(b, u->name);
	dbus_put_u32(b, true); /* not beyond a reboot */
	props = dbus_open(b, 8);
	before = b->len;
	props_resources(b, r);
	dbus_close(b, props, 8);
	if (b->len > before)
		ret = bus_call(&bus, u->name, &reply, e);
	bus_close(&bus);
	return ret;
}

int systemd_attach(const struct oci_unit *u, struct err *e)
{
	struct dbus_message reply;
	struct buf *b;
	size_t pids;
	int ret = bus_open(&bus, u->socket, e);

	if (ret < 0)
		return ret;
	b = bus_begin(&bus, "AttachProcessesToUnit", "ssau");
	dbus_put_str(b, u->name);
	dbus_put_str(b, ""); /* its own directory */
	pids = dbus_open(b, 4);
	dbus_put_u32(b, 0); /* who asks: our number here may not be the one that systemd sees */
	dbus_close(b, pids, 4);
	ret = bus_call(&bus, u->name, &reply, e);
	bus_close(&bus);
	return ret;
}

static int stop(const struct oci_unit *u, struct err *e)
{
	struct dbus_message reply;
	struct err failure = {0};
	struct buf *b = bus_begin(&bus, "KillUnit", "ssi");
	int r;

	dbus_put_str(b, u->name);
	dbus_put_str(b, "all");
	dbus_put_u32(b, SIGKILL);
	r = bus_call(&bus, u->name, &reply, &failure);
	if (r == -ENOENT)
		return r;
	/* a scope that is dying has nobody to kill: stopping it tells */
	failure = (struct err){0};
	r = call_named(u, "StopUnit", "replace", &reply, &failure);
	if (r == 0)
		r = bus_wait_job(&bus, u->name, &reply, &failure);
	call_named(u, "ResetFailedUnit", NULL, &reply, NULL);
	return r < 0 && r != -ENOENT ? err_text(e, r, "%s", failure.msg) : r;
}

int systemd_stop(const struct oci_unit *u, struct err *e)
{
	struct err failure = {0};
	int r;

	if (!u->name)
		return 0;
	r = bus_open(&bus, u->socket, &failure);
	/* a user's systemd takes its scopes along when it ends */
	if (r == -ENOENT || r == -ECONNREFUSED)
		return 0;
	if (r < 0)
		return err_text(e, r, "%s", failure.msg);
	r = stop(u, e);
	bus_close(&bus);
	return r == -ENOENT ? 0 : r;
}
