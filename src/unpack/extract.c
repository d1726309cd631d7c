/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop over a layer's entries. libarchive reads tar (ustar, pax, GNU, sparse) and nothing else:
 * it gets bytes from unpack_stream and gives back headers and content; it never touches a file. Its
 * own bounds (1 MiB for a long name or pax header, 32 special headers in a row) and the role's
 * memory limit hold what it allocates.
 */
#include "unpack/extract.h"

#include <errno.h>

#include "base/str.h"
#include "file/space.h"
#include "sys/fd.h"
#include "unpack/entry.h"
#include "unpack/split.h"
#include "unpack/stream.h"

/*
 * An inode is kernel memory of the pull's cgroup, 2 KiB each on ext4 with its journal, and 8,000 of them filled it: one that
 * is not on the medium yet cannot be had back, and where a file system allocates inodes (GFP_NOFS) the kernel
 * does not even try but kills. So they are written, and what the kernel can take is asked for, but not before
 * there are so many: usual layers have one sync, at their end.
 */
#define CLEAN_STEP_ENTRIES (CONFIG_PULL_MEMORY_KIB / 3)

struct extract {
	const struct unpack_job *job;
	struct unpack_stream stream;
	struct unpack_tree tree;
	struct split split;
	struct unpack_name name;
	struct archive *archive;
	uint64_t max_bytes, max_entries;
	uint64_t bytes, entries;
	struct err stream_err; /* what stopped the stream; libarchive only knows that it stopped */
	char last[UNPACK_QUOTE_CAP]; /* entry before */
};

static struct extract state;

static la_ssize_t feed(struct archive *a, void *data, const void **ret_data)
{
	struct extract *x = data;
	ssize_t n;

	split_piece(&x->split, NULL, 0); /* the last piece goes */
	n = unpack_stream_read(&x->stream, ret_data, &x->stream_err);
	if (n > 0)
		split_piece(&x->split, *ret_data, (size_t)n);
	if (n < 0)
		archive_set_error(a, (int)-n, "%s", x->stream_err.msg);
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int open_archive(struct extract *x, struct err *e)
{
	x->archive = archive_read_new();
	if (!x->archive || archive_read_support_format_tar(x->archive) != ARCHIVE_OK)
		return err_text(e, -ENOMEM, "no memory to read tar");
	return 0;
}

/* the reason why libarchive gave up */
static int archive_failed(struct extract *x, struct err *e)
{
	const char *text = archive_error_string(x->archive);

	if (x->stream_err.code) {
		if (e)
			*e = x->stream_err;
		return x->stream_err.code;
	}
	if (archive_errno(x->archive) == ENOMEM)
		return err_text(e, -ENOMEM, "no memory for the headers after entry %s", x->last);
	return err_text(e, -EBADMSG, "tar archive damaged near byte %llu%s%s: %s",
			(unsigned long long)x->stream.out_bytes, x->entries ? ", after entry " : "",
			x->entries ? x->last : "", text ? text : "unknown reason");
}

static int apply(struct extract *x, struct archive_entry *entry, const char *name, struct err *e)
{
	int r = unpack_name_parse(name, &x->name, e);

	if (r < 0)
		return r;
	switch (x->name.kind) {
	case UNPACK_NAME_IGNORED:
		return 0;
	case UNPACK_NAME_WHITEOUT:
		r = unpack_tree_enter(&x->tree, &x->name, e);
		return r < 0 ? r : unpack_tree_whiteout(&x->tree, &x->name, e);
	case UNPACK_NAME_OPAQUE:
		r = unpack_tree_enter(&x->tree, &x->name, e);
		return r < 0 ? r : unpack_tree_hide(&x->tree, e);
	case UNPACK_NAME_PLAIN:
		break;
	}
	return unpack_entry(&x->tree, x->archive, entry, &x->name, x->max_bytes, &x->bytes, e);
}

/* puts the entry's name, and for a full disk the numbers, in front */
static int explain(struct extract *x, int code, struct err *e)
{
	if (x->stream_err.code && e)
		*e = x->stream_err; /* the content ended early because the stream did */
	if (code == -ENOSPC || code == -EDQUOT) {
		err_wrap(e, "%llu MiB of the layer are written",
			 (unsigned long long)x->bytes >> 20);
		file_no_space(x->job->root_fd, e);
	}
	err_wrap(e, "entry %s", x->last);
	return x->stream_err.code ? x->stream_err.code : code;
}

static int next_entry(struct extract *x, struct archive_entry **ret_entry, struct err *e)
{
	int r = archive_read_next_header(x->archive, ret_entry);

	if (r == ARCHIVE_EOF)
		return 0;
	/* a warning means that something of the header was left out: half an entry is no entry */
	if (r != ARCHIVE_OK)
		return archive_failed(x, e);
	if (x->entries == x->max_entries)
		return err_text(e, -EFBIG,
				"the layer has more than the allowed %llu entries "
				"(CONFIG_UNPACK_MAX_ENTRIES)",
				(unsigned long long)x->max_entries);
	x->entries++;
	return 1;
}

/* of both kinds, before an entry takes some */
static int make_room(struct extract *x, struct err *e)
{
	static const char most[] = "64M"; /* of memory.reclaim; the other does not look */

	if (x->entries % CLEAN_STEP_ENTRIES == 0) {
		int r = sys_syncfs(x->job->root_fd);

		if (r < 0)
			return err_set(e, r, "write the layer to the medium");
		/* takes what there is, and fails if that is less */
		if (x->job->reclaim_fd > 0)
			sys_write(x->job->reclaim_fd, most, sizeof(most) - 1);
	}
	return x->entries % SPACE_STEP_ENTRIES == 1 ? unpack_tree_room(&x->tree, e) : 0;
}

static int extract_all(struct extract *x, struct err *e)
{
	struct archive_entry *entry;
	const char *name;
	int r;

	/* here and not earlier: it reads the first bytes */
	if (archive_read_open(x->archive, x, NULL, feed, NULL) != ARCHIVE_OK)
		return archive_failed(x, e);
	while ((r = next_entry(x, &entry, e)) > 0) {
		name = archive_entry_pathname(entry);
		if (!name)
			name = "";
		unpack_quote(x->last, name);
		r = make_room(x, e);
		if (r == 0)
			r = apply(x, entry, name, e);
		if (r < 0)
			return explain(x, r, e);
	}
	return r;
}

static uint64_t bounded(uint64_t wanted, uint64_t most)
{
	return wanted == 0 || wanted > most ? most : wanted;
}

/* what follows the end of the archive is part of it */
static int drain(struct extract *x, struct err *e)
{
	const void *data;
	la_ssize_t n;

	do {
		n = feed(x->archive, x, &data);
	} while (n > 0);
	if (n < 0 && e)
		*e = x->stream_err;
	return n < 0 ? x->stream_err.code : split_finish(&x->split, e);
}

static int extract(struct extract *x, struct unpack_result *ret_result, struct err *e)
{
	struct unpack_result result;
	int r = open_archive(x, e);

	if (r == 0)
		r = extract_all(x, e);
	if (r == 0)
		r = unpack_tree_fini(&x->tree, e);
	if (r == 0)
		r = drain(x, e);
	if (r == 0)
		r = unpack_stream_finish(&x->stream, &result.blob, &result.diff_id, e);
	if (r < 0)
		return r;
	result.compressed_bytes = x->stream.in_bytes;
	result.unpacked_bytes = x->bytes + x->tree.copied_bytes;
	result.entries = x->entries;
	result.tar_bytes = x->stream.out_bytes;
	*ret_result = result;
	return 0;
}

int unpack_extract(const struct unpack_job *job, struct unpack_result *ret_result, struct err *e)
{
	struct extract *x = &state;
	int r;

	x->job = job;
	x->max_bytes = bounded(job->max_bytes, (uint64_t)CONFIG_UNPACK_MAX_MIB << 20);
	x->max_entries = bounded(job->max_entries, CONFIG_UNPACK_MAX_ENTRIES);
	x->bytes = x->entries = 0;
	x->stream_err = (struct err){0};
	x->archive = NULL;
	r = unpack_stream_init(&x->stream, job->layer_fd, job->compression, x->max_bytes, e);
	if (r < 0)
		return r;
	x->stream.plain = job->plain;
	split_init(&x->split, job->split_fd > 0 ? job->split_fd : -1);
	unpack_tree_init(&x->tree, job->root_fd, job->opaque, job->lower, x->max_bytes, job->data);
	x->tree.split = &x->split;
	r = extract(x, ret_result, e);
	unpack_tree_fini(&x->tree, NULL);
	archive_read_free(x->archive);
	unpack_stream_fini(&x->stream);
	return r;
}
