/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp: what the words of architectures and flags mean is known by runtime/confine/filter.c. */
#include "oci/spec_read.h"

#include <errno.h>

/* Spec: "When the action doesn't support an errno, the runtime MUST print and error and fail." */
static struct oci_num read_errno(const struct json *v, enum oci_seccomp_action action)
{
	if (json_has(v) && action != OCI_SECCOMP_ERRNO && action != OCI_SECCOMP_TRACE)
		json_fail(v, -EINVAL, "%s takes no errno", oci_seccomp_action_names[action]);
	return oci_json_num(v, 0, 4095);
}

static void read_seccomp_rule(const struct json *v, struct oci_seccomp_rule *rule)
{
	struct json names = json_get(v, "names"), action = json_get(v, "action");
	struct json errno_ret = json_get(v, "errnoRet"), args = json_get(v, "args"), c;
	struct json_iter it = {0};

	rule->names = oci_json_strs(&names, OCI_MAX_STRINGS);
	rule->action = oci_json_word(&action, oci_seccomp_action_names);
	rule->errno_ret = read_errno(&errno_ret, rule->action);
	rule->args = oci_json_array(&args, OCI_MAX_CONDITIONS, sizeof(*rule->args), &rule->n_args);
	for (size_t i = 0; i < rule->n_args && json_next(&args, &it, &c); i++) {
		struct json index = json_get(&c, "index"), value = json_get(&c, "value");
		struct json two = json_get(&c, "valueTwo"), op = json_get(&c, "op");

		rule->args[i].index = (uint32_t)json_u64(&index, 5);
		rule->args[i].value = json_u64(&value, UINT64_MAX);
		rule->args[i].value_two = json_u64_opt(&two, UINT64_MAX, 0);
		rule->args[i].op = oci_json_word(&op, oci_seccomp_op_names);
	}
}

void oci_read_seccomp(const struct json *v, struct oci_seccomp *s)
{
	struct json action = json_get(v, "defaultAction"), ret = json_get(v, "defaultErrnoRet");
	struct json archs = json_get(v, "architectures"), flags = json_get(v, "flags");
	struct json listener = json_get(v, "listenerPath"), rules = json_get(v, "syscalls"), c;
	struct json metadata = json_get(v, "listenerMetadata");
	struct json_iter it = {0};

	if (!json_has(v))
		return;
	s->set = true;
	s->listener_path = json_str_opt(&listener);
	s->listener_metadata = json_str_opt(&metadata);
	s->default_action = oci_json_word(&action, oci_seccomp_action_names);
	s->default_errno = read_errno(&ret, s->default_action);
	s->archs = oci_json_strs(&archs, 64);
	s->flags = oci_json_strs(&flags, 16);
	s->rules = oci_json_array(&rules, OCI_MAX_RULES, sizeof(*s->rules), &s->n_rules);
	for (size_t i = 0; i < s->n_rules && json_next(&rules, &it, &c); i++)
		read_seccomp_rule(&c, &s->rules[i]);
}
