/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images out: an OCI layout in a directory, or in a tar archive that is an OCI archive and a docker-archive
 * at once, as docker save writes it since version 25. The engine hands out the parts; this process
 * hashes what it copies, so that nothing is written under a digest that it does not have.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/num.h"
#include "cmd/human.h"
#include "cmd/session.h"
#include "image/image.h"
#include "sys/fd.h"
#include "sys/tty.h"
#include "wire/reference.h"

#define BLOBS	  "blobs/sha256/"
#define TEXT_CAP  (256 * 1024)
#define TAR_BLOCK 512

static const char *output;

static const struct opt options[] = {
	{'o', "output", "FILE|DIR", "where to, instead of standard output", .text = &output},
};

static struct {
	int fd;	  /* of the archive, or of the directory */
	bool dir; /* an OCI layout directory */
	struct digest *done;
	size_t n_done;
	uint64_t bytes;
	struct buf index, docker; /* the two lists of images */
	size_t n_images;
} out;

static struct {
	char name[REFERENCE_TEXT_CAP], image[DIGEST_TEXT_CAP];
	bool original; /* the manifest is the one that was pulled */
	struct image_descriptor manifest, config, layers[IMAGE_MAX_LAYERS];
	char types[IMAGE_MAX_LAYERS + 2][96];
	size_t n_layers;
} image;

/* Writing ----------------------------------------------------------------------------------------- */

static int tar_header(const char *name, uint64_t size, bool dir, struct err *e)
{
	unsigned char h[TAR_BLOCK] = {0};
	unsigned int sum = 0;
	int r;

	str_copy((char *)h, 100, name);
	snprintf((char *)h + 100, 8, "%07o", dir ? 0755 : 0644);
	memcpy(h + 108, "0000000\0000000000", 15);
	snprintf((char *)h + 124, 12, "%011llo", (unsigned long long)size);
	memcpy(h + 136, "00000000000", 11);
	h[156] = dir ? '5' : '0';
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	r = sys_write_all(out.fd, h, sizeof(h));
	return r < 0 ? err_set(e, r, "write %s", name) : 0;
}

static int open_entry(const char *name, uint64_t size, struct err *e)
{
	int fd;

	if (!out.dir)
		return tar_header(name, size, false, e) < 0 ? e->code : out.fd;
	fd = sys_open(out.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
	return fd < 0 ? err_set(e, fd, "create %s", name) : fd;
}

static int close_entry(int fd, uint64_t size, struct err *e)
{
	static const char zeros[TAR_BLOCK];
	int r;

	out.bytes += size;
	if (out.dir) {
		r = sys_fsync(fd);
		sys_close(fd);
	} else {
		r = sys_write_all(fd, zeros, -size % TAR_BLOCK);
	}
	return r < 0 ? err_set(e, r, "write the end of a file") : 0;
}

static int put_text(const char *name, const struct buf *b, struct err *e)
{
	int fd = open_entry(name, b->len, e), r;

	if (fd < 0)
		return fd;
	r = sys_write_all(fd, b->p, b->len);
	if (r < 0)
		return err_set(e, r, "write %s", name);
	return close_entry(fd, b->len, e);
}

static const char *blob_name(char dst[static 96], const struct digest *d)
{
	char hex[DIGEST_HEX_LEN + 1];

	snprintf(dst, 96, BLOBS "%s", digest_hex(hex, d));
	return dst;
}

static int copy(int from, int to, const struct image_descriptor *d, struct err *e)
{
	static char chunk[64 * 1024];
	uint64_t total = 0;
	struct digest is;
	struct sha256 h;
	ssize_t n;
	int r;

	sha256_init(&h);
	while ((n = sys_read(from, chunk, sizeof(chunk))) > 0 &&
	       (total += (uint64_t)n) <= d->size) {
		sha256_update(&h, chunk, (size_t)n);
		r = sys_write_all(to, chunk, (size_t)n);
		if (r < 0)
			return err_set(e, r, "write");
	}
	sha256_final(&h, &is);
	if (n < 0)
		return err_set(e, (int)n, "read");
	return total == d->size && digest_eq(&is, &d->digest)
		       ? 0
		       : err_text(e, -EBADMSG,
				  "it is damaged in the store, nothing is written; see: "
				  "cleat fsck --repair");
}

static bool was_done(const struct digest *d)
{
	struct digest *more;

	for (size_t i = 0; i < out.n_done; i++)
		if (digest_eq(&out.done[i], d))
			return true;
	more = realloc(out.done, (out.n_done + 1) * sizeof(*more));
	if (more) {
		out.done = more;
		out.done[out.n_done++] = *d;
	}
	return false;
}

/* Asking ------------------------------------------------------------------------------------------ */

static int ask(enum ctl_verb verb, char *name, char *part, struct err *e)
{
	char *args[] = {part};
	const struct ctl_request r = {.verb = verb,
				      .timeout_ms = CTL_TIMEOUT_UNSET,
				      .name = name,
				      .args = args,
				      .n_args = part ? 1 : 0};

	return ctl_call(&session_client, &r, NULL, 0, e);
}

/* Return: 1 a reply; 0 DONE; -errno */
static int next(struct ctl_reply *reply, struct err *e)
{
	int r = ctl_next(&session_client, reply, e);

	if (r < 0)
		return r;
	if (reply->type == CTL_ERROR)
		return err_text(e, -EIO, "%s", reply->error.text);
	return reply->type != CTL_DONE;
}

static int put_blob(char *part, const struct image_descriptor *d, struct err *e)
{
	char name[96], text[DIGEST_TEXT_CAP];
	struct ctl_reply reply;
	auto_close int from = -1;
	int to, r;

	if (was_done(&d->digest))
		return 0;
	r = ask(CTL_BLOB, image.image, part, e);
	while (r >= 0 && (r = next(&reply, e)) > 0)
		if (reply.type == CTL_FD && reply.n_fds == 1)
			from = reply.fds[0];
	if (r < 0)
		return r;
	to = open_entry(blob_name(name, &d->digest), d->size, e);
	if (to < 0)
		return to;
	r = copy(from, to, d, e);
	if (r < 0)
		return err_wrap(e, "%s", digest_text(text, &d->digest));
	return close_entry(to, d->size, e);
}

/* "DIGEST SIZE TYPE" */
static int read_part(const char *text, struct image_descriptor *d, char *type)
{
	struct span size, rest;
	bool found;

	if (digest_parse(span_cut(span_of(text), ' ', &rest, &found), &d->digest) < 0)
		return -EBADMSG;
	size = span_cut(rest, ' ', &rest, &found);
	d->media_type = type;
	return num_u64(size, INT64_MAX, &d->size) < 0 ? -EBADMSG : str_copy(type, 96, rest.p);
}

static int read_pair(const char *key, const char *value)
{
	if (str_eq(key, "name"))
		return str_copy(image.name, sizeof(image.name), value);
	if (str_eq(key, "image"))
		return str_copy(image.image, sizeof(image.image), value);
	if (str_eq(key, "config"))
		return read_part(value, &image.config, image.types[IMAGE_MAX_LAYERS]);
	if (str_eq(key, "manifest")) {
		image.original = true;
		return read_part(value, &image.manifest, image.types[IMAGE_MAX_LAYERS + 1]);
	}
	if (!str_eq(key, "layer") || image.n_layers == IMAGE_MAX_LAYERS)
		return 0;
	image.n_layers++;
	return read_part(value, &image.layers[image.n_layers - 1], image.types[image.n_layers - 1]);
}

/* One image --------------------------------------------------------------------------------------- */

static int put_manifest(struct err *e)
{
	static char text[64 * 1024];
	char name[96], part[] = "manifest";
	struct sha256 h;
	struct buf b;

	if (image.original)
		return put_blob(part, &image.manifest, e);
	buf_init(&b, text, sizeof(text));
	image_write_manifest(&b, &image.config, image.layers, image.n_layers);
	if (!buf_ok(&b))
		return err_text(e, -EFBIG, "the manifest is longer than %zu bytes", sizeof(text));
	sha256_init(&h);
	sha256_update(&h, b.p, b.len);
	sha256_final(&h, &image.manifest.digest);
	image.manifest.size = b.len;
	image.manifest.media_type = (char *)(uintptr_t)IMAGE_TYPE_MANIFEST;
	return was_done(&image.manifest.digest)
		       ? 0
		       : put_text(blob_name(name, &image.manifest.digest), &b, e);
}

static void list_image(void)
{
	char text[DIGEST_TEXT_CAP], blob[96], shortened[REFERENCE_TEXT_CAP];
	struct reference ref = {0};
	bool named = image.name[0] && reference_parse(image.name, &ref, NULL) == 0;

	buf_printf(&out.index, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu",
		   out.n_images ? "," : "", image.manifest.media_type,
		   digest_text(text, &image.manifest.digest),
		   (unsigned long long)image.manifest.size);
	if (named)
		buf_printf(&out.index,
			   ",\"annotations\":{\"io.containerd.image.name\":\"%s\","
			   "\"org.opencontainers.image.ref.name\":\"%s\"}",
			   image.name, ref.tag);
	buf_puts(&out.index, "}");
	buf_printf(&out.docker, "%s{\"Config\":\"%s\",\"RepoTags\":[", out.n_images ? "," : "",
		   blob_name(blob, &image.config.digest));
	if (named)
		buf_printf(&out.docker, "\"%s\"", reference_short(shortened, &ref));
	buf_puts(&out.docker, "],\"Layers\":[");
	for (size_t i = 0; i < image.n_layers; i++)
		buf_printf(&out.docker, "%s\"%s\"", i ? "," : "",
			   blob_name(blob, &image.layers[i].digest));
	buf_puts(&out.docker, "]}");
	out.n_images++;
}

static int save_one(char *name, struct err *e)
{
	char part[24] = "config", text[DIGEST_TEXT_CAP];
	struct ctl_reply reply;
	int r;

	memset(&image, 0, sizeof(image));
	r = ask(CTL_SAVE, name, NULL, e);
	while (r >= 0 && (r = next(&reply, e)) > 0)
		if (reply.type == CTL_PAIR && read_pair(reply.pair.key, reply.pair.value) < 0)
			return err_text(e, -EBADMSG, "the engine's answer is malformed");
	if (r == 0)
		r = put_blob(part, &image.config, e);
	for (size_t i = 0; r == 0 && i < image.n_layers; i++) {
		snprintf(part, sizeof(part), "%zu", i);
		r = put_blob(part, &image.layers[i], e);
	}
	if (r == 0)
		r = put_manifest(e);
	if (r < 0)
		return err_wrap(e, "%s", name);
	list_image();
	fprintf(stderr, "%s: image %s, manifest %.19s%s\n", name,
		digest_text(text, &image.config.digest) + 7,
		digest_text(image.image, &image.manifest.digest),
		image.original ? "" : " (new: its layers are uncompressed)");
	return 0;
}

/* All of them ------------------------------------------------------------------------------------- */

static int begin(struct err *e)
{
	static const char *const dirs[] = {"blobs", "blobs/sha256"};
	struct buf b = {.p = (char *)(uintptr_t) "{\"imageLayoutVersion\":\"1.0.0\"}", .len = 30};
	char *index = malloc(TEXT_CAP), *docker = malloc(TEXT_CAP);
	int r = 0;

	if (!index || !docker)
		return err_text(e, -ENOMEM, "no memory");
	buf_init(&out.index, index, TEXT_CAP);
	buf_init(&out.docker, docker, TEXT_CAP);
	buf_puts(&out.index, "{\"schemaVersion\":2,\"mediaType\":"
			     "\"application/vnd.oci.image.index.v1+json\",\"manifests\":[");
	buf_puts(&out.docker, "[");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++) {
		r = out.dir ? sys_mkdir(out.fd, dirs[i], 0755) : tar_header(dirs[i], 0, true, e);
		if (r == -EEXIST)
			r = 0;
		if (r < 0)
			return err_set(e, r, "%s", dirs[i]);
	}
	return put_text("oci-layout", &b, e);
}

static int finish(struct err *e)
{
	static const char end[2 * TAR_BLOCK];
	int r;

	buf_puts(&out.index, "]}");
	buf_puts(&out.docker, "]");
	if (!buf_ok(&out.index) || !buf_ok(&out.docker))
		return err_text(e, -EFBIG, "too many images for one archive");
	r = put_text("index.json", &out.index, e);
	if (r < 0 || out.dir)
		return r;
	r = put_text("manifest.json", &out.docker, e);
	if (r == 0) {
		r = sys_write_all(out.fd, end, sizeof(end));
		if (r < 0)
			err_set(e, r, "write the end of the archive");
	}
	return r;
}

static int save(int argc, char **argv, struct err *e)
{
	int r = ctl_open(&session_client, &cmd_globals.paths, CTL_SAVE, e);

	if (r < 0)
		return r;
	r = begin(e);
	for (int i = 0; r == 0 && i < argc; i++)
		r = save_one(argv[i], e);
	if (r == 0)
		r = finish(e);
	ctl_close(&session_client);
	return r;
}

/* the file appears whole or not at all */
static int save_file(int argc, char **argv, struct err *e)
{
	static char part[4096]; /* too large for the stack */
	int r;

	if (str_printf(part, sizeof(part), "%s.part", output) < 0)
		return err_text(e, -ENAMETOOLONG, "%.100s...: the name is too long", output);
	out.fd = sys_open(AT_FDCWD, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
	if (out.fd < 0)
		return err_set(e, out.fd, "create %s", part);
	r = save(argc, argv, e);
	if (r == 0) {
		r = sys_fsync(out.fd);
		if (r == 0)
			r = sys_rename(AT_FDCWD, part, AT_FDCWD, output, 0);
		if (r < 0)
			err_set(e, r, "%s", output);
	}
	if (r < 0)
		sys_unlink(AT_FDCWD, part, 0);
	return r;
}

static int save_dir(int argc, char **argv, struct err *e)
{
	struct stat st;

	out.dir = true;
	out.fd = sys_open(AT_FDCWD, output, O_RDONLY | O_DIRECTORY, 0);
	if (out.fd < 0)
		return err_set(e, out.fd, "%s", output);
	if (sys_statat(out.fd, "index.json", &st, 0) == 0)
		return err_text(e, -EEXIST, "%s holds images already: name an empty folder",
				output);
	return save(argc, argv, e);
}

static int run(int argc, char **argv)
{
	struct stat st;
	struct err e = {0};
	int r;

	if (!output && sys_tty_is(1))
		return cmd_usage(&cmd_save,
				 "an archive is not for a terminal: -o FILE, or redirect");
	if (!output) {
		out.fd = 1;
		r = save(argc, argv, &e);
	} else if (sys_statat(AT_FDCWD, output, &st, 0) == 0 && S_ISDIR(st.st_mode)) {
		r = save_dir(argc, argv, &e);
	} else {
		r = save_file(argc, argv, &e);
	}
	return r < 0 ? cmd_fail(&e) : 0;
}

const struct cmd cmd_save = {
	.name = "save",
	.summary = "write images to a file (tar), or into a folder (OCI image layout)",
	.usage = "[OPTIONS] IMAGE...",
	.example = "  cleat save -o app.tar registry.example.com/app:2\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
