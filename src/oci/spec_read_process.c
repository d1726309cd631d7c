/* SPDX-License-Identifier: Apache-2.0 */
/* The process object, of config.json or alone for exec. */
#include "oci/spec_read.h"

#include <errno.h>
#include <string.h>

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

void oci_read_process(const struct json *v, struct oci_process *p)
{
	static const char *const not_here[] = {"apparmorProfile", "selinuxLabel",    "scheduler",
					       "ioPriority",	  "execCPUAffinity", "commandLine"};
	struct json user = json_get(v, "user"), caps = json_get(v, "capabilities");
	struct json terminal = json_get(v, "terminal"), size = json_get(v, "consoleSize");
	struct json rows = json_get(&size, "height"), columns = json_get(&size, "width");
	struct json args = json_get(v, "args"), env = json_get(v, "env"), cwd = json_get(v, "cwd");
	struct json nnp = json_get(v, "noNewPrivileges"), oom = json_get(v, "oomScoreAdj");
	struct json rlimits = json_get(v, "rlimits");

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
