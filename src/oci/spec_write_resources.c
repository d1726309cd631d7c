/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources: model to document. */
#include "oci/spec_write.h"

#include <stdio.h>

static void put_device_rules(struct buf *b, const struct oci_resources *r)
{
	if (!r->n_devices)
		return;
	put_open(b, "devices", '[');
	for (size_t i = 0; i < r->n_devices; i++) {
		const struct oci_device_rule *d = &r->devices[i];
		char type[2] = {d->type}, access[4];

		snprintf(access, sizeof(access), "%s%s%s", d->read ? "r" : "", d->write ? "w" : "",
			 d->mknod ? "m" : "");
		put_open(b, NULL, '{');
		put_bool(b, "allow", d->allow);
		put_str(b, "type", type);
		if (d->major >= 0)
			put_i64(b, "major", d->major);
		if (d->minor >= 0)
			put_i64(b, "minor", d->minor);
		put_str(b, "access", access);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

/* all numbers of one object: oci_limits[] has them together */
static void put_numbers(struct buf *b, const struct oci_resources *r, const char *object)
{
	put_open(b, object, '{');
	for (size_t i = 0; i < OCI_LIMIT_COUNT; i++) {
		const struct oci_limit *l = &oci_limits[i];
		const struct oci_num *n = (const void *)((const char *)r + l->at);

		if (!str_eq(l->object, object) || !n->set)
			continue;
		if (l->yes_no)
			put_bool(b, l->name, n->v);
		else
			put_i64(b, l->name, n->v);
	}
}

static void put_device(struct buf *b, uint32_t major, uint32_t minor)
{
	put_open(b, NULL, '{');
	put_u64(b, "major", major);
	put_u64(b, "minor", minor);
}

static void put_block_io(struct buf *b, const struct oci_resources *r)
{
	put_numbers(b, r, "blockIO");
	if (r->n_io_weights)
		put_open(b, "weightDevice", '[');
	for (size_t i = 0; i < r->n_io_weights; i++) {
		put_device(b, r->io_weights[i].major, r->io_weights[i].minor);
		put_num(b, "weight", r->io_weights[i].weight);
		put_num(b, "leafWeight", r->io_weights[i].leaf_weight);
		buf_putc(b, '}');
	}
	if (r->n_io_weights)
		buf_putc(b, ']');
	for (size_t k = 0; k < OCI_THROTTLE_COUNT; k++) {
		const struct oci_io_rates *l = &r->io_rates[k];

		if (!l->n)
			continue;
		put_open(b, oci_throttle_names[k], '[');
		for (size_t i = 0; i < l->n; i++) {
			put_device(b, l->v[i].major, l->v[i].minor);
			put_u64(b, "rate", l->v[i].rate);
			buf_putc(b, '}');
		}
		buf_putc(b, ']');
	}
	buf_putc(b, '}');
}

static void put_huge_pages(struct buf *b, const struct oci_resources *r)
{
	if (!r->n_huge_pages)
		return;
	put_open(b, "hugepageLimits", '[');
	for (size_t i = 0; i < r->n_huge_pages; i++) {
		put_open(b, NULL, '{');
		put_str(b, "pageSize", r->huge_pages[i].size);
		put_u64(b, "limit", r->huge_pages[i].limit);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void put_network(struct buf *b, const struct oci_resources *r)
{
	if (!r->net_class.set && !r->n_net_prios)
		return;
	put_numbers(b, r, "network");
	put_open(b, "priorities", '[');
	for (size_t i = 0; i < r->n_net_prios; i++) {
		put_open(b, NULL, '{');
		put_str(b, "name", r->net_prios[i].name);
		put_u64(b, "priority", r->net_prios[i].priority);
		buf_putc(b, '}');
	}
	buf_puts(b, "]}");
}

static void put_rdma(struct buf *b, const struct oci_resources *r)
{
	if (!r->n_rdma)
		return;
	put_open(b, "rdma", '{');
	for (size_t i = 0; i < r->n_rdma; i++) {
		put_open(b, r->rdma[i].device, '{');
		put_num(b, "hcaHandles", r->rdma[i].handles);
		put_num(b, "hcaObjects", r->rdma[i].objects);
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

void oci_resources_write(struct buf *b, const struct oci_resources *r)
{
	buf_putc(b, '{');
	put_device_rules(b, r);
	put_numbers(b, r, "memory");
	buf_putc(b, '}');
	put_numbers(b, r, "cpu");
	put_str(b, "cpus", r->cpu_cpus);
	put_str(b, "mems", r->cpu_mems);
	buf_putc(b, '}');
	if (r->pids_limit.set) { /* the schema wants no pids without a limit */
		put_numbers(b, r, "pids");
		buf_putc(b, '}');
	}
	put_block_io(b, r);
	put_huge_pages(b, r);
	put_network(b, r);
	put_rdma(b, r);
	put_kvs(b, "unified", &r->unified);
	buf_putc(b, '}');
}
