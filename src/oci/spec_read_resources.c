/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources: what a container may use. Read from config.json. */
#include "oci/spec_read.h"

#include <errno.h>
#include <string.h>

static void read_device_rules(const struct json *v, struct oci_resources *r)
{
	struct json_iter it = {0};
	struct json c;

	r->devices = oci_json_array(v, OCI_MAX_RULES, sizeof(*r->devices), &r->n_devices);
	for (size_t i = 0; i < r->n_devices && json_next(v, &it, &c); i++) {
		struct json allow = json_get(&c, "allow"), type = json_get(&c, "type");
		struct json major = json_get(&c, "major"), minor = json_get(&c, "minor");
		struct json access = json_get(&c, "access");
		const char *t = json_str_opt(&type), *rwm = json_str_opt(&access);
		struct oci_device_rule *d = &r->devices[i];

		if (str_empty(t))
			t = "a";
		if (strlen(t) != 1 || !strchr("abc", *t))
			json_fail(&type, -EINVAL, "\"%.16s\" is none of a, b, c", t);
		if (str_empty(rwm))
			rwm = "rwm";
		/* 'a' means nothing to runc, and is found in documents made for it */
		if (strspn(rwm, "rwma") != strlen(rwm))
			json_fail(&access, -EINVAL, "\"%.16s\" holds more than r, w, m", rwm);
		d->allow = json_bool_opt(&allow, false);
		d->type = *t;
		d->major = json_i64_opt(&major, -1, UINT32_MAX, -1);
		d->minor = json_i64_opt(&minor, -1, UINT32_MAX, -1);
		d->read = strchr(rwm, 'r');
		d->write = strchr(rwm, 'w');
		d->mknod = strchr(rwm, 'm');
	}
}

static void read_numbers(const struct json *v, struct oci_resources *r)
{
	for (size_t i = 0; i < OCI_LIMIT_COUNT; i++) {
		const struct oci_limit *l = &oci_limits[i];
		struct json object = json_get(v, l->object), n = json_get(&object, l->name);
		struct oci_num *num = oci_num_at(r, l->at);

		if (l->yes_no)
			*num = (struct oci_num){json_has(&n), json_bool_opt(&n, false)};
		else
			*num = oci_json_num(&n, l->min, l->max);
	}
}

static void read_device_number(const struct json *v, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct json major = json_get(v, "major"), minor = json_get(v, "minor");

	*ret_major = (uint32_t)json_u64(&major, 0xfff);
	*ret_minor = (uint32_t)json_u64(&minor, 0xfffff);
}

static void read_block_io(const struct json *v, struct oci_resources *r)
{
	struct json weights = json_get(v, "weightDevice"), c;
	struct json_iter it = {0};

	r->io_weights =
		oci_json_array(&weights, OCI_MAX_RULES, sizeof(*r->io_weights), &r->n_io_weights);
	for (size_t i = 0; i < r->n_io_weights && json_next(&weights, &it, &c); i++) {
		struct json weight = json_get(&c, "weight"), leaf = json_get(&c, "leafWeight");
		struct oci_io_weight *w = &r->io_weights[i];

		read_device_number(&c, &w->major, &w->minor);
		w->weight = oci_json_num(&weight, 0, 1000);
		w->leaf_weight = oci_json_num(&leaf, 0, 1000);
	}
	for (size_t k = 0; k < OCI_THROTTLE_COUNT; k++) {
		struct json list = json_get(v, oci_throttle_names[k]);
		struct oci_io_rates *rates = &r->io_rates[k];

		it = (struct json_iter){0};
		rates->v = oci_json_array(&list, OCI_MAX_RULES, sizeof(*rates->v), &rates->n);
		for (size_t i = 0; i < rates->n && json_next(&list, &it, &c); i++) {
			struct json rate = json_get(&c, "rate");

			read_device_number(&c, &rates->v[i].major, &rates->v[i].minor);
			rates->v[i].rate = json_u64(&rate, UINT64_MAX);
		}
	}
}

/* The size becomes part of a file's name. */
static void read_huge_pages(const struct json *v, struct oci_resources *r)
{
	struct json_iter it = {0};
	struct json c;

	r->huge_pages = oci_json_array(v, OCI_MAX_RULES, sizeof(*r->huge_pages), &r->n_huge_pages);
	for (size_t i = 0; i < r->n_huge_pages && json_next(v, &it, &c); i++) {
		struct json size = json_get(&c, "pageSize"), limit = json_get(&c, "limit");
		size_t digits;
		char *s;

		if (!json_has(&size)) /* runc does not mind the case, and its users write so */
			size = json_get(&c, "pagesize");
		s = json_str(&size);
		digits = strspn(s, "0123456789");
		if (!digits || !(str_eq(s + digits, "KB") || str_eq(s + digits, "MB") ||
				 str_eq(s + digits, "GB")))
			json_fail(&size, -EINVAL, "\"%.16s\" is not a size like 2MB", s);
		r->huge_pages[i].size = s;
		r->huge_pages[i].limit = json_u64(&limit, UINT64_MAX);
	}
}

/* One line "name value": a blank would make two words of the name. */
static char *read_word(const struct json *v, const char *s)
{
	if (!*s || strpbrk(s, " \t\n"))
		json_fail(v, -EINVAL, "\"%.64s\" is not a name", s);
	return arena_strdup(v->doc->arena, s);
}

static void read_network(const struct json *v, struct oci_resources *r)
{
	struct json list = json_get(v, "priorities"), c;
	struct json_iter it = {0};

	r->net_prios = oci_json_array(&list, OCI_MAX_RULES, sizeof(*r->net_prios), &r->n_net_prios);
	for (size_t i = 0; i < r->n_net_prios && json_next(&list, &it, &c); i++) {
		struct json name = json_get(&c, "name"), prio = json_get(&c, "priority");

		r->net_prios[i].name = read_word(&name, json_str(&name));
		r->net_prios[i].priority = (uint32_t)json_u64(&prio, UINT32_MAX);
	}
}

static void read_rdma(const struct json *v, struct oci_resources *r)
{
	size_t n = json_object(v, OCI_MAX_RULES);
	struct json_iter it = {0};
	struct json c;

	r->rdma = n ? arena_array(v->doc->arena, n, sizeof(*r->rdma)) : NULL;
	if (n && !r->rdma)
		json_fail(v, -EFBIG, "does not fit the model's memory (CONFIG_OCI_MODEL_KIB)");
	for (size_t i = 0; r->rdma && i < n && json_next(v, &it, &c); i++) {
		struct json handles = json_get(&c, "hcaHandles"),
			    objects = json_get(&c, "hcaObjects");

		r->rdma[i].device = read_word(&c, c.key);
		r->rdma[i].handles = oci_json_num(&handles, 0, UINT32_MAX);
		r->rdma[i].objects = oci_json_num(&objects, 0, UINT32_MAX);
		r->n_rdma = i + 1;
	}
}

void oci_read_resources(const struct json *v, struct oci_resources *r)
{
	struct json devices = json_get(v, "devices"), cpu = json_get(v, "cpu");
	struct json cpus = json_get(&cpu, "cpus"), mems = json_get(&cpu, "mems");
	struct json memory = json_get(v, "memory"), swap = json_get(&memory, "swap");
	struct json io = json_get(v, "blockIO"), pages = json_get(v, "hugepageLimits");
	struct json network = json_get(v, "network"), rdma = json_get(v, "rdma");
	struct json unified = json_get(v, "unified");

	read_device_rules(&devices, r);
	read_numbers(v, r);
	r->cpu_cpus = json_str_opt(&cpus);
	r->cpu_mems = json_str_opt(&mems);
	read_block_io(&io, r);
	read_huge_pages(&pages, r);
	read_network(&network, r);
	read_rdma(&rdma, r);
	if (r->mem_swap.v > 0 && r->mem_limit.v > 0 && r->mem_swap.v < r->mem_limit.v)
		json_fail(&swap, -EINVAL, "memory and swap together are less than memory alone");
	r->unified = oci_json_kvs(&unified, 128);
	for (size_t i = 0; i < r->unified.n; i++)
		if (strchr(r->unified.v[i].key, '/') || !strchr(r->unified.v[i].key, '.'))
			json_fail(&unified, -EINVAL,
				  "the specified key has not the form CONTROLLER.VALUE `%.64s`",
				  r->unified.v[i].key);
}

int oci_resources_read(struct span json, void *pool, size_t pool_bytes, struct arena *a,
		       struct oci_resources *ret_resources, struct err *e)
{
	struct oci_resources r = {0};
	struct json_doc doc;
	struct json root;
	int ret = json_parse(&doc, "resources", json, pool, pool_bytes, "CONFIG_OCI_CONFIG_KIB", a,
			     e);

	if (ret < 0)
		return ret;
	root = json_root(&doc);
	oci_read_resources(&root, &r);
	if (json_done(&doc) < 0)
		return json_done(&doc);
	*ret_resources = r;
	return 0;
}
