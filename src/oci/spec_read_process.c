/* SPDX-License-Identifier: Apache-2.0 */
/* The process object, of config.json or alone for exec. */
#include "oci/spec_read.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"

static uint64_t read_cap_set(const struct json *object, const char *name, char **ret_unknown)
{
	struct json list = json_get(object, name), c;
	struct json_iter it = {0};
	uint64_t set = 0;

	json_array(&list, 128);
	while (json_next(&list, &it, &c)) {
		char *text = json_str(&c);
		int cap = oci_cap_number(text);

		if (cap >= 0)
			set |= UINT64_C(1) << cap;
		else if (!*ret_unknown)
			*ret_unknown = text;
	}
	return set;
}

static void read_user(const struct json *v, struct oci_process *p)
{
	struct json uid = json_get(v, "uid"), gid = json_get(v, "gid");
	struct json umask = json_get(v, "umask"), groups = json_get(v, "additionalGids"), c;
	struct json_iter it = {0};

	/* 2^32 - 1 means "no change" to the kernel (containerd CVE-2024-40635 is the same mistake) */
	p->uid = (uid_t)json_u64_opt(&uid, UINT32_MAX - 1, 0);
	p->gid = (gid_t)json_u64_opt(&gid, UINT32_MAX - 1, 0);
	p->umask = oci_json_num(&umask, 0, 0777);
	p->groups = oci_json_array(&groups, OCI_MAX_GROUPS, sizeof(*p->groups), &p->n_groups);
	for (size_t i = 0; i < p->n_groups && json_next(&groups, &it, &c); i++)
		p->groups[i] = (gid_t)json_u64(&c, UINT32_MAX - 1);
}

static void read_rlimits(const struct json *v, struct oci_process *p)
{
	struct json_iter it = {0};
	struct json c;

	p->rlimits = oci_json_array(v, 32, sizeof(*p->rlimits), &p->n_rlimits);
	for (size_t i = 0; i < p->n_rlimits && json_next(v, &it, &c); i++) {
		struct json type = json_get(&c, "type"), soft = json_get(&c, "soft");
		struct json hard = json_get(&c, "hard");
		const char *name = json_str(&type);
		int resource = oci_rlimit_number(name);

		if (resource < 0)
			json_fail(&type, -EINVAL, "\"%.32s\" is not a resource limit", name);
		for (size_t j = 0; j < i; j++)
			if (p->rlimits[j].resource == resource)
				json_fail(&type, -EINVAL, "%.32s is there twice", name);
		p->rlimits[i].resource = resource;
		p->rlimits[i].soft = json_u64(&soft, UINT64_MAX);
		p->rlimits[i].hard = json_u64(&hard, UINT64_MAX);
	}
}

int oci_cpus_parse(const char *list, uint64_t ret_mask[OCI_MAX_CPUS / 64])
{
	struct span rest = span_of(list), to;
	bool more = true, range, any = false;

	memset(ret_mask, 0, OCI_MAX_CPUS / 8);
	while (more) {
		struct span item = span_trim(span_cut(rest, ',', &rest, &more));
		uint32_t first, last;

		if (!item.len) /* as other runtimes: "0,,1" and "0," are taken */
			continue;
		item = span_cut(item, '-', &to, &range);
		if (num_u32(item, UINT32_MAX, &first) < 0)
			return -EINVAL;
		last = first;
		if (range && num_u32(to, UINT32_MAX, &last) < 0)
			return -EINVAL;
		if (last < first)
			return -EINVAL;
		if (last >= OCI_MAX_CPUS)
			return -ERANGE;
		for (uint32_t i = first; i <= last; i++)
			ret_mask[i / 64] |= UINT64_C(1) << (i % 64);
		any = true;
	}
	return any ? 0 : -EINVAL;
}

/* What sched_setattr(2) would refuse without a reason is refused here with one. */
static void read_scheduler(const struct json *v, struct oci_scheduler *s)
{
	struct json policy = json_get(v, "policy"), nice = json_get(v, "nice");
	struct json prio = json_get(v, "priority"), flags = json_get(v, "flags"), c;
	struct json runtime = json_get(v, "runtime"), deadline = json_get(v, "deadline");
	struct json period = json_get(v, "period");
	struct json_iter it = {0};

	if (!json_has(v))
		return;
	s->set = true;
	s->policy = oci_json_word(&policy, oci_sched_policy_names);
	s->nice = (int32_t)json_i64_opt(&nice, -20, 19, 0);
	s->priority = (uint32_t)json_u64_opt(&prio, 99, 0);
	json_array(&flags, 64);
	while (json_next(&flags, &it, &c))
		s->flags |= 1U << oci_json_word(&c, oci_sched_flag_names);
	s->runtime = json_u64_opt(&runtime, INT64_MAX, 0);
	s->deadline = json_u64_opt(&deadline, INT64_MAX, 0);
	s->period = json_u64_opt(&period, INT64_MAX, 0);
	if (s->priority && s->policy != OCI_SCHED_FIFO && s->policy != OCI_SCHED_RR)
		json_fail(&prio, -EINVAL, "is for SCHED_FIFO and SCHED_RR only");
	if ((s->runtime || s->deadline || s->period) && s->policy != OCI_SCHED_DEADLINE)
		json_fail(v, -EINVAL, "runtime, deadline and period are for SCHED_DEADLINE only");
}

static void read_io_priority(const struct json *v, struct oci_num *ret)
{
	struct json class = json_get(v, "class"), level = json_get(v, "priority");
	size_t n;

	if (!json_has(v))
		return;
	n = oci_json_word(&class, oci_ioprio_class_names) + 1;
	ret->set = true;
	ret->v = (int64_t)(n << 13 | json_u64_opt(&level, 7, 0));
}

static char *read_cpus(const struct json *v, const char *name)
{
	struct json list = json_get(v, name);
	uint64_t mask[OCI_MAX_CPUS / 64];
	char *text = json_str_opt(&list);

	if (str_empty(text))
		return NULL;
	if (oci_cpus_parse(text, mask) < 0)
		json_fail(&list, -EINVAL, "\"%.64s\" is not a list of processors", text);
	return text;
}

void oci_read_process(const struct json *v, struct oci_process *p)
{
	static const char *const not_here[] = {"commandLine"};
	struct json user = json_get(v, "user"), caps = json_get(v, "capabilities");
	struct json terminal = json_get(v, "terminal"), size = json_get(v, "consoleSize");
	struct json rows = json_get(&size, "height"), columns = json_get(&size, "width");
	struct json args = json_get(v, "args"), env = json_get(v, "env"), cwd = json_get(v, "cwd");
	struct json nnp = json_get(v, "noNewPrivileges"), oom = json_get(v, "oomScoreAdj");
	struct json rlimits = json_get(v, "rlimits"), apparmor = json_get(v, "apparmorProfile");
	struct json selinux = json_get(v, "selinuxLabel"), scheduler = json_get(v, "scheduler");
	struct json io = json_get(v, "ioPriority"), cpus = json_get(v, "execCPUAffinity");

	if (!json_has(v))
		return;
	p->set = true;
	oci_json_refuse(v, not_here, ARRAY_LEN(not_here));
	p->terminal = json_bool_opt(&terminal, false);
	p->rows = (uint16_t)json_u64_opt(&rows, UINT16_MAX, 0);
	p->columns = (uint16_t)json_u64_opt(&columns, UINT16_MAX, 0);
	read_user(&user, p);
	p->args = oci_json_strs(&args, OCI_MAX_STRINGS);
	p->env = oci_json_strs(&env, OCI_MAX_STRINGS);
	p->cwd = oci_json_path(&cwd);
	p->no_new_privs = json_bool_opt(&nnp, false);
	p->oom_score_adj = oci_json_num(&oom, -1000, 1000);
	read_rlimits(&rlimits, p);
	p->caps.set = json_has(&caps);
	p->caps.bounding = read_cap_set(&caps, "bounding", &p->caps.unknown);
	p->caps.effective = read_cap_set(&caps, "effective", &p->caps.unknown);
	p->caps.inheritable = read_cap_set(&caps, "inheritable", &p->caps.unknown);
	p->caps.permitted = read_cap_set(&caps, "permitted", &p->caps.unknown);
	p->caps.ambient = read_cap_set(&caps, "ambient", &p->caps.unknown);
	p->apparmor = json_str_opt(&apparmor);
	p->selinux = json_str_opt(&selinux);
	read_scheduler(&scheduler, &p->scheduler);
	read_io_priority(&io, &p->io_priority);
	p->cpus_initial = read_cpus(&cpus, "initial");
	p->cpus_final = read_cpus(&cpus, "final");
	if (!p->args.n)
		json_fail(&args, -EINVAL, "there is no command");
}

int oci_process_read(struct span text, void *pool, size_t pool_bytes, struct arena *a,
		     struct oci_process *ret_process, struct err *e)
{
	struct json_doc doc;
	struct json root;
	int r;

	r = json_parse(&doc, "process", text, pool, pool_bytes, "CONFIG_OCI_CONFIG_KIB", a, e);
	if (r < 0)
		return r;
	root = json_root(&doc);
	memset(ret_process, 0, sizeof(*ret_process));
	oci_read_process(&root, ret_process);
	if (!ret_process->set)
		json_fail(&root, -EINVAL, "there is no process");
	return json_done(&doc);
}
