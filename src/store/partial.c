/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupted layers: partial/<digest of the blob> holds its first bytes, as they came. Nothing relies on
 * them: they go through the unpack role's hashes again before anything is believed, so what a power
 * cut leaves of them is good or is found out. Whoever writes one syncs it now and then, not to lose much.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "store/stage.h"
#include "sys/fd.h"
#include "sys/proc.h"

struct survey {
	int dir_fd;
	const char *spare;  /* never the oldest */
	int64_t older_than; /* sweep: seconds since 1970 */
	uint64_t bytes, freed_bytes;
	int64_t oldest_s;
	char oldest[DIGEST_HEX_LEN + 1];
};

static int look(const char *name, void *data)
{
	struct survey *v = data;
	struct digest d;
	struct stat st;

	if (layout_digest(name, &d) < 0 || str_eq(name, v->spare) ||
	    sys_statat(v->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	v->bytes += (uint64_t)st.st_size;
	if (!v->oldest[0] || st.st_mtim.tv_sec < v->oldest_s) {
		v->oldest_s = st.st_mtim.tv_sec;
		str_copy(v->oldest, sizeof(v->oldest), name);
	}
	return 0;
}

/* the oldest go until @bytes more fit */
static int make_room(struct store *s, struct survey *v, uint64_t bytes, struct err *e)
{
	const uint64_t most = (uint64_t)CONFIG_PARTIAL_MAX_MIB << 20;
	int r;

	if (bytes > most)
		return -EFBIG;
	for (;;) {
		v->bytes = 0;
		v->oldest[0] = '\0';
		r = store_each(s, LAYOUT_PARTIAL, look, v, e);
		if (r < 0 || v->bytes <= most - bytes || !v->oldest[0])
			return r;
		r = sys_unlink(v->dir_fd, v->oldest, 0);
		if (r < 0)
			return err_set(e, r, "store: remove partial/%s", v->oldest);
	}
}

int store_partial_open(struct store *s, const struct digest *blob, uint64_t blob_bytes,
		       struct err *e)
{
	char hex[DIGEST_HEX_LEN + 1];
	auto_close int dir_fd = store_dir(s, LAYOUT_PARTIAL, e);
	struct survey v = {.dir_fd = dir_fd, .spare = digest_hex(hex, blob)};
	int r;

	if (dir_fd < 0)
		return dir_fd;
	r = make_room(s, &v, blob_bytes, e);
	if (r < 0)
		return r;
	r = sys_open(dir_fd, hex, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
	return r < 0 ? err_set(e, r, "store: open partial/%s", hex) : r;
}

void store_partial_remove(struct store *s, const struct digest *blob)
{
	char path[LAYOUT_PATH_CAP];

	sys_unlink(s->root_fd, layout_object(path, LAYOUT_PARTIAL, blob, NULL), 0);
}

static int sweep_old(const char *name, void *data)
{
	struct survey *v = data;
	struct stat st;

	if (sys_statat(v->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (st.st_mtim.tv_sec > v->older_than && st.st_mtim.tv_sec <= v->oldest_s && st.st_size)
		return 0;
	if (sys_unlink(v->dir_fd, name, 0) == 0)
		v->freed_bytes += (uint64_t)st.st_size;
	return 0;
}

int store_partial_sweep(struct store *s, int64_t max_age_s, uint64_t *ret_freed_bytes,
			struct err *e)
{
	auto_close int dir_fd = store_dir(s, LAYOUT_PARTIAL, e);
	struct survey v = {.dir_fd = dir_fd};
	int64_t now;
	uint32_t ns;
	int r;

	if (dir_fd < 0)
		return dir_fd;
	sys_realtime(&now, &ns);
	v.older_than = now - max_age_s;
	v.oldest_s = now + 86400; /* of a time that has not come: the clock was wrong */
	r = store_each(s, LAYOUT_PARTIAL, sweep_old, &v, e);
	if (r == 0)
		*ret_freed_bytes += v.freed_bytes;
	return r;
}
