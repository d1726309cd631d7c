/* SPDX-License-Identifier: Apache-2.0 */
/* A running container, held and looked at: pause, resume, ps. */
#include <errno.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/runtime.h"
#include "runtime/statedir.h"
#include "sys/fd.h"

int runtime_pause(struct runtime *rt, const char *id, struct err *e)
{
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r < 0)
		return r;
	if (f.status == OCI_RUNNING || f.status == OCI_CREATED)
		r = cgroup_freeze(&f.state.cgroups, e);
	else
		r = err_text(e, -EINVAL, "cannot pause container %s: it is %s", id,
			     oci_status_name(f.status));
	sys_close(f.dir_fd);
	return r;
}

int runtime_resume(struct runtime *rt, const char *id, struct err *e)
{
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r < 0)
		return r;
	if (f.status == OCI_PAUSED)
		r = cgroup_thaw(&f.state.cgroups, e);
	else
		r = err_text(e, -EINVAL, "container %s is not paused: it is %s", id,
			     oci_status_name(f.status));
	sys_close(f.dir_fd);
	return r;
}

struct pids {
	pid_t *v;
	size_t n, cap;
};

static void take_pid(void *data, pid_t pid)
{
	struct pids *p = data;

	if (p->n < p->cap)
		p->v[p->n] = pid;
	p->n++;
}

int runtime_processes(struct runtime *rt, const char *id, pid_t *ret_pids, size_t cap,
		      struct err *e)
{
	struct pids pids = {.v = ret_pids, .cap = cap};
	struct found f;
	int r = statedir_find(rt, id, &f, e);

	if (r < 0)
		return r;
	r = cgroup_each_process(&f.state.cgroups, take_pid, &pids);
	sys_close(f.dir_fd);
	if (r < 0)
		return err_set(e, r, "list the processes of container %s", id);
	if (pids.n > cap)
		return err_text(e, -EFBIG, "container %s has more than %zu processes", id, cap);
	return (int)pids.n;
}
