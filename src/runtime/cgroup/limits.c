/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What v1 and v2 have in common when limits are written: numbers in files, pairs that the kernel checks
 * against each other, and the lists for devices. A file that the kernel does not have is an error with
 * its name; nothing that was asked for is left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"

int cgroup_limit(const struct cgroup *c, const struct oci_resources *r,
		 const struct cgroup_file *files, size_t n, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++) {
		const struct oci_num *num = (const void *)((const char *)r + files[i].at);
		const struct cgroup_hierarchy *h;

		if (!num->set || (num->v == 0 && !files[i].zero_too))
			continue;
		h = c->ops->of(c, files[i].file, e);
		if (!h)
			return -EOPNOTSUPP;
		ret = files[i].max_is_max && num->v < 0
			      ? cgroup_write(h, files[i].file, "max", e)
			      : cgroup_write_num(h, files[i].file, num->v, e);
	}
	return ret;
}

int cgroup_write_pair(const struct cgroup_hierarchy *h, struct cgroup_setting a,
		      struct cgroup_setting b, struct err *e)
{
	struct err first = {0};
	int ret = a.n.set ? cgroup_write_num(h, a.file, a.n.v, &first) : 0, r;

	if (ret < 0 && (ret != -EINVAL || !b.n.set))
		return err_text(e, ret, "%s", first.msg);
	r = b.n.set ? cgroup_write_num(h, b.file, b.n.v, e) : 0;
	return r < 0 || ret == 0 ? r : cgroup_write_num(h, a.file, a.n.v, e);
}

struct oci_num cgroup_memsw(const struct oci_resources *r)
{
	if (r->mem_limit.set && r->mem_limit.v < 0 && (!r->mem_swap.set || r->mem_swap.v == 0))
		return (struct oci_num){true, -1};
	return (struct oci_num){r->mem_swap.set && r->mem_swap.v != 0, r->mem_swap.v};
}

bool cgroup_has(const struct cgroup_hierarchy *h, const char *file)
{
	struct stat st;

	return sys_statat(h->fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool cgroup_no_swap(void)
{
	char text[256];

	return cgroup_read(AT_FDCWD, "/proc/swaps", text, sizeof(text)) >= 0 &&
	       (!strchr(text, '\n') || !strchr(text, '\n')[1]);
}

/* 2^x and log2 without libm: squaring gives the bits of a logarithm, a short series the way back. */
static double log_2(double x)
{
	double l = 0, bit = 0.5;

	for (; x >= 2; x /= 2)
		l++;
	for (int i = 0; i < 48; i++, bit /= 2) {
		x *= x;
		if (x >= 2) {
			x /= 2;
			l += bit;
		}
	}
	return l;
}

static double exp_of(double x)
{
	double sum = 1, term = 1;

	x /= 16;
	for (int i = 1; i < 14; i++) {
		term *= x / i;
		sum += term;
	}
	for (int i = 0; i < 4; i++)
		sum *= sum;
	return sum;
}

int64_t cgroup_weight(int64_t shares)
{
	double l;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log_2((double)shares);
	/* rounded up, but what is whole but for the last bits stays (1024 is 100) */
	return (int64_t)(exp_of(((l * l + 125 * l) / 612 - 7.0 / 34) * 2.302585092994046) - 1e-7) +
	       1;
}

static int write_device(const struct cgroup_hierarchy *h, const char *file, uint32_t major,
			uint32_t minor, const char *rest, struct err *e)
{
	char line[96];

	snprintf(line, sizeof(line), "%u:%u %s", major, minor, rest);
	return cgroup_write(h, file, line, e);
}

struct weight_files {
	const char *all, *device, *leaf_device;
	bool convert; /* 10-1000 onto 1-10000: io.weight has another range than blkio.weight */
};

static void find_weight_files(const struct cgroup_hierarchy *h, struct weight_files *f)
{
	static const struct weight_files v1 = {"blkio.weight", "blkio.weight_device",
					       "blkio.leaf_weight_device", false},
					 v1_bfq = {"blkio.bfq.weight", "blkio.bfq.weight_device",
						   "blkio.leaf_weight_device", false},
					 v2 = {"io.weight", "io.weight", NULL, true},
					 v2_bfq = {"io.bfq.weight", "io.bfq.weight", NULL, false};

	*f = h->v2 ? (cgroup_has(h, v2_bfq.all) ? v2_bfq : v2)
		   : (cgroup_has(h, v1.all) ? v1 : v1_bfq);
}

int64_t cgroup_io_weight(int64_t w)
{
	return w <= 10 ? 1 : 1 + (w - 10) * 9999 / 990;
}

static int64_t weight_value(const struct weight_files *f, int64_t w)
{
	return f->convert ? cgroup_io_weight(w) : w;
}

static int write_weights(const struct cgroup_hierarchy *h, const struct oci_resources *r,
			 struct err *e)
{
	struct weight_files f;
	char value[24];
	int ret = 0;

	find_weight_files(h, &f);
	if (r->io_weight.set && r->io_weight.v)
		ret = cgroup_write_num(h, f.all, weight_value(&f, r->io_weight.v), e);
	for (size_t i = 0; i < r->n_io_weights && ret == 0; i++) {
		const struct oci_io_weight *w = &r->io_weights[i];

		if (w->leaf_weight.v && !f.leaf_device)
			return err_text(e, -EOPNOTSUPP, "leafWeight does not exist in cgroup v2");
		snprintf(value, sizeof(value), "%" PRId64, weight_value(&f, w->weight.v));
		if (w->weight.v)
			ret = write_device(h, f.device, w->major, w->minor, value, e);
		snprintf(value, sizeof(value), "%" PRId64, w->leaf_weight.v);
		if (w->leaf_weight.v && ret == 0)
			ret = write_device(h, f.leaf_device, w->major, w->minor, value, e);
	}
	return ret;
}

static int write_rates(const struct cgroup_hierarchy *h, enum oci_throttle kind,
		       const struct oci_io_rates *l, struct err *e)
{
	static const char *const v1[OCI_THROTTLE_COUNT] = {"read_bps", "write_bps", "read_iops",
							   "write_iops"};
	static const char *const v2[OCI_THROTTLE_COUNT] = {"rbps", "wbps", "riops", "wiops"};
	char file[48], value[40];
	int ret = 0;

	snprintf(file, sizeof(file), "blkio.throttle.%s_device", v1[kind]);
	for (size_t i = 0; i < l->n && ret == 0; i++) {
		if (!h->v2)
			snprintf(value, sizeof(value), "%" PRIu64, l->v[i].rate);
		else if (l->v[i].rate)
			snprintf(value, sizeof(value), "%s=%" PRIu64, v2[kind], l->v[i].rate);
		else
			snprintf(value, sizeof(value), "%s=max", v2[kind]);
		ret = write_device(h, h->v2 ? "io.max" : file, l->v[i].major, l->v[i].minor, value,
				   e);
	}
	return ret;
}

static int limit_io(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	const struct cgroup_hierarchy *h;
	size_t n = r->n_io_weights + (size_t)r->io_weight.v;
	int ret;

	for (size_t k = 0; k < OCI_THROTTLE_COUNT; k++)
		n += r->io_rates[k].n;
	if (!n)
		return 0;
	h = c->ops->of(c, "blkio.weight", e);
	ret = h ? write_weights(h, r, e) : -EOPNOTSUPP;
	for (size_t k = 0; k < OCI_THROTTLE_COUNT && ret == 0; k++)
		ret = write_rates(h, k, &r->io_rates[k], e);
	return ret;
}

/* Pages in use, and since Linux 5.7 pages reserved: a limit on use alone ends in SIGBUS. */
static int limit_huge(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < r->n_huge_pages && ret == 0; i++) {
		const struct oci_huge_page *p = &r->huge_pages[i];
		const struct cgroup_hierarchy *h = c->ops->of(c, "hugetlb.", e);
		const char *end = h && h->v2 ? "max" : "limit_in_bytes";
		char file[64], value[24];

		if (!h)
			return -EOPNOTSUPP;
		if (str_printf(file, sizeof(file), "hugetlb.%s.%s", p->size, end) < 0)
			return err_text(e, -EINVAL, "there are no huge pages of size %.32s",
					p->size);
		snprintf(value, sizeof(value), "%" PRIu64, p->limit);
		ret = cgroup_write(h, file, value, e);
		str_printf(file, sizeof(file), "hugetlb.%s.rsvd.%s", p->size, end);
		if (ret == 0 && cgroup_has(h, file))
			ret = cgroup_write(h, file, value, e);
	}
	return ret;
}

static int limit_rdma(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < r->n_rdma && ret == 0; i++) {
		const struct oci_rdma *d = &r->rdma[i];
		const struct cgroup_hierarchy *h = c->ops->of(c, "rdma.max", e);
		char line[192];
		struct buf b;

		if (!h)
			return -EOPNOTSUPP;
		buf_init(&b, line, sizeof(line));
		buf_puts(&b, d->device);
		if (d->handles.set)
			buf_printf(&b, " hca_handle=%" PRId64, d->handles.v);
		if (d->objects.set)
			buf_printf(&b, " hca_object=%" PRId64, d->objects.v);
		if (!buf_ok(&b))
			return err_text(e, -EINVAL, "there is no RDMA device %.64s", d->device);
		ret = cgroup_write(h, "rdma.max", line, e);
	}
	return ret;
}

int cgroup_limit_lists(const struct cgroup *c, const struct oci_resources *r, struct err *e)
{
	int ret = limit_io(c, r, e);

	if (ret == 0)
		ret = limit_huge(c, r, e);
	return ret < 0 ? ret : limit_rdma(c, r, e);
}
