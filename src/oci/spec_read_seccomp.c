/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp: what the words of architectures and flags mean is known by runtime/confine/filter.c. */
#include "oci/spec_read.h"

static void read_seccomp_rule(const struct json *v, struct oci_seccomp_rule *rule)
{
	static const char *const actions[] = {
#define X(id, text) text,
		OCI_SECCOMP_ACTIONS(X)
#undef X
	};
	static const char *const ops[] = {
#define X(id, text) text,
		OCI_SECCOMP_OPS(X)
#undef X
	};
	struct json names = json_get(v, "names"), action = json_get(v, "action");
	struct json errno_ret = json_get(v, "errnoRet"), args = json_get(v, "args"), c;
	struct json_iter it = {0};

	rule->names = oci_json_strs(&names, OCI_MAX_STRINGS);
	rule->action = oci_json_choice(&action, actions, ARRAY_LEN(actions));
	rule->errno_ret = oci_json_num(&errno_ret, 0, 4095);
	rule->args = oci_json_array(&args, 6, sizeof(*rule->args), &rule->n_args);
	for (size_t i = 0; i < rule->n_args && json_next(&args, &it, &c); i++) {
		struct json index = json_get(&c, "index"), value = json_get(&c, "value");
		struct json two = json_get(&c, "valueTwo"), op = json_get(&c, "op");

		rule->args[i].index = (uint32_t)json_u64(&index, 5);
		rule->args[i].value = json_u64(&value, UINT64_MAX);
		rule->args[i].value_two = json_u64_opt(&two, UINT64_MAX, 0);
		rule->args[i].op = oci_json_choice(&op, ops, ARRAY_LEN(ops));
	}
}

void oci_read_seccomp(const struct json *v, struct oci_seccomp *s)
{
	static const char *const not_here[] = {"listenerPath", "listenerMetadata"};
	static const char *const actions[] = {
#define X(id, text) text,
		OCI_SECCOMP_ACTIONS(X)
#undef X
	};
	struct json action = json_get(v, "defaultAction"), ret = json_get(v, "defaultErrnoRet");
	struct json archs = json_get(v, "architectures"), flags = json_get(v, "flags");
	struct json rules = json_get(v, "syscalls"), c;
	struct json_iter it = {0};

	if (!json_has(v))
		return;
	s->set = true;
	oci_json_refuse(v, not_here, ARRAY_LEN(not_here));
	s->default_action = oci_json_choice(&action, actions, ARRAY_LEN(actions));
	s->default_errno = oci_json_num(&ret, 0, 4095);
	s->archs = oci_json_strs(&archs, 64);
	s->flags = oci_json_strs(&flags, 16);
	s->rules = oci_json_array(&rules, OCI_MAX_RULES, sizeof(*s->rules), &s->n_rules);
	for (size_t i = 0; i < s->n_rules && json_next(&rules, &it, &c); i++)
		read_seccomp_rule(&c, &s->rules[i]);
}
