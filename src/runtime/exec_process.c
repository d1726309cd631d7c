/* SPDX-License-Identifier: Apache-2.0 */
/* From the options of exec to a process object. */
#include "runtime/exec_process.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "runtime/statedir.h"

static void inherit(struct oci_process *p, const struct oci_process *container)
{
	if (!p->caps.set)
		p->caps = container->caps;
	if (!p->n_rlimits) {
		p->rlimits = container->rlimits;
		p->n_rlimits = container->n_rlimits;
	}
	if (str_empty(p->apparmor))
		p->apparmor = container->apparmor;
	if (str_empty(p->selinux))
		p->selinux = container->selinux;
	if (!p->scheduler.set)
		p->scheduler = container->scheduler;
	if (!p->io_priority.set)
		p->io_priority = container->io_priority;
	if (!p->umask.set)
		p->umask = container->umask;
	if (!p->oom_score_adj.set)
		p->oom_score_adj = container->oom_score_adj;
	if (!p->cpus_initial && !p->cpus_final) {
		p->cpus_initial = container->cpus_initial;
		p->cpus_final = container->cpus_final;
	}
}

/* NULL-terminated: what there was, then what is added */
static int append(struct oci_strs *s, const char *const *more, size_t n, struct arena *a,
		  struct err *e)
{
	char **v = arena_array(a, s->n + n + 1, sizeof(*v));

	if (!v)
		return err_set(e, -ENOMEM, "arguments of exec");
	for (size_t i = 0; i < s->n; i++)
		v[i] = s->v[i];
	for (size_t i = 0; i < n; i++)
		v[s->n + i] = (char *)(uintptr_t)more[i];
	s->v = v;
	s->n += n;
	return 0;
}

static int append_groups(struct oci_process *p, const struct runtime_exec *o, struct arena *a,
			 struct err *e)
{
	gid_t *v = arena_array(a, p->n_groups + o->n_groups + 1, sizeof(*v));

	if (!v)
		return err_set(e, -ENOMEM, "groups of exec");
	for (size_t i = 0; i < p->n_groups; i++)
		v[i] = p->groups[i];
	for (size_t i = 0; i < o->n_groups; i++)
		v[p->n_groups + i] = o->groups[i];
	p->groups = v;
	p->n_groups += o->n_groups;
	return 0;
}

/* An ambient capability has to be inheritable, so it is only added where the container has such. */
static void add_caps(struct oci_caps *c, uint64_t add, const char *unknown)
{
	if (unknown)
		c->unknown = (char *)(uintptr_t)unknown;
	c->bounding |= add;
	c->permitted |= add;
	c->effective |= add;
	if (c->inheritable)
		c->ambient |= add;
}

int exec_process(struct runtime *rt, const struct runtime_exec *o,
		 const struct oci_process *container, struct oci_process *ret, struct err *e)
{
	struct oci_process p = *container;
	int r;

	if (o->process_path) {
		r = statedir_read_process(rt, o->process_path, ret, e);
		if (r == 0)
			inherit(ret, container);
		return r;
	}
	p.terminal = o->tty;
	p.args = (struct oci_strs){0};
	r = append(&p.args, o->args, o->n_args, &rt->arena, e);
	if (r == 0)
		r = append(&p.env, o->env, o->n_env, &rt->arena, e);
	if (r == 0)
		r = append_groups(&p, o, &rt->arena, e);
	if (r < 0)
		return r;
	if (o->cwd)
		p.cwd = (char *)(uintptr_t)o->cwd;
	if (*p.cwd != '/')
		return err_text(e, -EINVAL, "working directory %.64s is not an absolute path",
				p.cwd);
	if (o->has_user)
		p.uid = o->uid;
	if (o->has_group)
		p.gid = o->gid;
	if (o->apparmor)
		p.apparmor = (char *)(uintptr_t)o->apparmor;
	if (o->selinux)
		p.selinux = (char *)(uintptr_t)o->selinux;
	if (o->sets_no_new_privs)
		p.no_new_privs = o->no_new_privs;
	add_caps(&p.caps, o->add_caps, o->unknown_cap);
	*ret = p;
	return 0;
}
