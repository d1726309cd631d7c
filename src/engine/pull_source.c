/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bytes of an image come from: the fetch role, or a layout directory. Documents land in a
 * memfd that is sealed before anybody reads it: what was hashed and parsed is what is stored, even
 * if the role that wrote it has been taken over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "engine/fetcher.h"
#include "engine/pull_job.h"
#include "file/rooted.h"
#include "store/oci_layout.h"
#include "sys/fd.h"

/* One wish at a time: the id tells an answer to this wish from one that came too late. */
static int send_get(struct pull *p, enum fetch_kind kind, const char *what, uint64_t max_bytes,
		    uint64_t expect_bytes, int fd, int partial_fd, struct err *e)
{
	return fetcher_get(&p->fetch.proc, ++p->get_id, kind, what, max_bytes, expect_bytes, fd,
			   partial_fd, e);
}

static void arrived(struct pull *p, uint64_t bytes, uint64_t kept_bytes, const struct err *e)
{
	struct err seal = {0};
	int r;

	if (p->state == PULL_LAYER) {
		pull_layer_fetched(p, bytes, kept_bytes, e);
		return;
	}
	if (e) {
		if (!pull_source_again(p, e))
			pull_fail(p, e);
		return;
	}
	r = sys_seal(p->doc_fd);
	if (r < 0) {
		err_set(&seal, r, "seal a document");
		pull_fail(p, &seal);
		return;
	}
	if (p->state == PULL_VERIFY)
		pull_verify_arrived(p);
	else
		pull_doc_arrived(p);
}

static void got_done(struct pull *p, struct dec *d)
{
	uint32_t id = dec_u32(d);
	uint64_t bytes = dec_u64(d);
	char *type = dec_str(d);
	char *digest = dec_str(d); /* only HEAD believes it: of documents our own hash counts */
	uint64_t kept_bytes = dec_u64(d);
	uint32_t limit = dec_u32(d), remaining = dec_u32(d), window_s = dec_u32(d);
	struct err e = {0};

	if (dec_done(d) < 0) {
		pull_broken(&p->fetch, &e);
		pull_fail(p, &e);
		return;
	}
	if (id != p->get_id)
		return;
	if (limit) {
		p->result.rate_limit = limit;
		p->result.rate_remaining = remaining;
		p->result.rate_window_s = window_s;
	}
	if (p->state == PULL_HEAD) {
		pull_head_arrived(p, digest);
		return;
	}
	if (str_copy(p->content_type, sizeof(p->content_type), type ? type : "") < 0)
		p->content_type[0] = '\0';
	arrived(p, bytes, kept_bytes, NULL);
}

static void got_error(struct pull *p, struct dec *d)
{
	uint32_t id = dec_u32(d), class;
	struct err e = {0};

	pull_role_error(&p->fetch, d, &e);
	class = dec_u32(d);
	if (dec_done(d) < 0)
		pull_broken(&p->fetch, &e);
	/* not every registry serves HEAD: GET tells for sure */
	if (id == p->get_id && p->state == PULL_HEAD && class != FETCH_E_NETWORK) {
		pull_head_arrived(p, NULL);
		return;
	}
	if (id == p->get_id && p->state == PULL_VERIFY && class == FETCH_E_NOT_FOUND) {
		pull_verify_missing(p);
		return;
	}
	if (id == p->get_id || id == 0 || e.code == -EBADMSG)
		arrived(p, 0, 0, &e);
}

static void got_progress(struct pull *p, struct dec *d)
{
	uint32_t id = dec_u32(d);
	uint64_t bytes = dec_u64(d);
	char name[16];

	if (dec_done(d) == 0 && id == p->get_id && p->state == PULL_LAYER)
		pull_progress(p, pull_layer_name(p->layer, name), "fetching", bytes,
			      p->manifest.layers[p->layer->index].size);
}

static void wake(void *data)
{
	struct pull *p = data;

	msg_send_simple(p->fetch.proc.peer_fd,
			FETCH_WAKE); /* best effort: the wait ends by itself */
}

static void got_wait(struct pull *p, struct dec *d)
{
	uint32_t id = dec_u32(d), ms = dec_u32(d);
	char *why = dec_str_req(d), name[16], text[256];

	if (dec_done(d) < 0 || id != p->get_id)
		return;
	link_watch_start(&p->link, p->env.loop, wake, p);
	snprintf(text, sizeof(text), "next attempt in %u s: %s", (ms + 999) / 1000, why);
	pull_progress(p, p->state == PULL_LAYER ? pull_layer_name(p->layer, name) : "manifest",
		      text, 0, 0);
}

static void on_answer(void *data, uint32_t type, struct dec *d, struct err *e)
{
	struct pull *p = data;

	if (type)
		link_watch_stop(&p->link);
	if (type == FETCH_DONE)
		got_done(p, d);
	else if (type == FETCH_ERROR)
		got_error(p, d);
	else if (type == FETCH_WAIT)
		got_wait(p, d);
	else if (type == FETCH_PROGRESS)
		got_progress(p, d);
	else
		arrived(p, 0, 0, e);
}

void pull_endpoint(const struct pull *p, char ret_host[static REFERENCE_HOST_CAP],
		   char ret_repository[static REMOTE_MIRROR_CAP + REFERENCE_REPO_CAP])
{
	const char *mirror = p->endpoint < p->n_mirrors ? p->mirrors[p->endpoint] : p->ref.host;
	size_t len = strcspn(mirror, "/");

	str_copy_n(ret_host, REFERENCE_HOST_CAP, mirror, len);
	mirror += len;
	mirror += *mirror == '/';
	str_printf(ret_repository, REMOTE_MIRROR_CAP + REFERENCE_REPO_CAP, "%s%s%s", mirror,
		   *mirror ? "/" : "", p->ref.repo);
}

static int start_fetch(struct pull *p, struct err *e)
{
	char host[REFERENCE_HOST_CAP], repository[REMOTE_MIRROR_CAP + REFERENCE_REPO_CAP];
	const struct fetcher_want want = {.host = host,
					  .repository = repository,
					  .ns = p->endpoint < p->n_mirrors ? p->ref.host : NULL,
					  .rate_bytes_s = p->rate_bytes_s,
					  .config_path = p->env.config_path,
					  .cgroup_procs = p->cgroup.procs,
					  .settings = &p->access.settings,
					  .login = &p->access.login};
	int r;

	pull_endpoint(p, host, repository);
	r = fetcher_start(&want, &p->fetch.proc, e);
	access_fini(&p->access);
	return r < 0 ? r : pull_role_watch(&p->fetch, p->env.loop, on_answer, p, e);
}

/* Copied, not handed over: whoever owns the directory may change the file under the parser's eyes. */
static int copy_document(int from_fd, int to_fd, struct err *e)
{
	uint64_t left = CONFIG_IMAGE_DOC_KIB * 1024ULL;
	char buf[2048];
	ssize_t n;
	int r;

	while ((n = sys_read(from_fd, buf, sizeof(buf))) > 0) {
		if ((uint64_t)n > left)
			return err_text(e, -EFBIG,
					"document is larger than %d KiB (CONFIG_IMAGE_DOC_KIB)",
					CONFIG_IMAGE_DOC_KIB);
		left -= (uint64_t)n;
		r = sys_write_all(to_fd, buf, (size_t)n);
		if (r < 0)
			return err_set(e, r, "copy a document");
	}
	return n < 0 ? err_set(e, (int)n, "read a document") : 0;
}

/* a name that a docker-archive's manifest.json gives; links in it are resolved inside the directory */
static int open_path(struct pull *p, const char *path, struct err *e)
{
	int fd = rooted_open_regular(p->layout_fd, path, INT64_MAX, e);

	return fd < 0 ? err_wrap(e, "%.100s", path) : fd;
}

/* index.json; else what docker before 25 and podman write */
static int open_first(struct pull *p, struct err *e)
{
	int fd = oci_layout_index(p->layout_fd, NULL);

	if (fd != -ENOENT || !p->archive[0])
		return fd < 0 ? err_set(e, fd, "no OCI image layout") : fd;
	fd = rooted_open_regular(p->layout_fd, "manifest.json", CONFIG_IMAGE_DOC_KIB * 1024, NULL);
	p->docker = fd >= 0;
	return fd < 0 ? err_text(
				e, fd,
				"neither index.json nor manifest.json is in it: this is no image archive "
				"(one of Docker before 1.10 is not read)")
		      : fd;
}

static int doc_from_layout(struct pull *p, const char *what, struct err *e)
{
	auto_close int fd = -1;
	int r;

	if (p->docker)
		fd = open_path(p, p->manifest.config.media_type, e);
	else if (p->has_want)
		fd = oci_layout_blob(p->layout_fd, &p->want, UINT64_MAX, e);
	else
		fd = open_first(p, e);
	if (fd < 0)
		return err_wrap(e, "%s", what);
	r = copy_document(fd, p->doc_fd, e);
	if (r < 0)
		return err_wrap(e, "%s", what);
	p->content_type[0] = '\0';
	r = sys_seal(p->doc_fd);
	if (r < 0)
		return err_set(e, r, "seal a document");
	pull_doc_arrived(p);
	return 0;
}

int pull_source_doc(struct pull *p, enum fetch_kind kind, const char *what, struct err *e)
{
	int r = 0;

	sys_close(take_fd(&p->doc_fd));
	p->doc_fd = sys_memfd("image-document", MFD_ALLOW_SEALING);
	if (p->doc_fd < 0)
		return err_set(e, p->doc_fd, "make a memfd");
	if (p->layout_fd >= 0)
		return doc_from_layout(p, what, e);
	if (p->fetch.proc.pid <= 0)
		r = start_fetch(p, e);
	if (r < 0)
		return r;
	return send_get(p, kind, what, CONFIG_IMAGE_DOC_KIB * 1024ULL, 0, p->doc_fd, -1, e);
}

int pull_source_head(struct pull *p, struct err *e)
{
	int r = p->fetch.proc.pid <= 0 ? start_fetch(p, e) : 0;

	return r < 0 ? r : send_get(p, FETCH_HEAD, p->ref.tag, 0, 0, -1, -1, e);
}

static int open_partial(struct pull *p, const struct image_descriptor *d)
{
	struct stat st;
	int fd;

	if (!CONFIG_PARTIAL_MIN_MIB || d->size < (uint64_t)CONFIG_PARTIAL_MIN_MIB << 20)
		return -1;
	fd = store_partial_open(p->env.store, &d->digest, d->size, NULL);
	p->layer->resumed = fd >= 0 && sys_stat(fd, &st) == 0 && st.st_size > 0;
	return fd;
}

int pull_source_layer(struct pull *p, const struct image_descriptor *d, int *ret_fd, struct err *e)
{
	auto_close int partial_fd = -1;
	char text[DIGEST_TEXT_CAP];
	int fds[2], r;

	digest_text(text, &d->digest);
	if (p->layout_fd >= 0) {
		r = p->docker ? open_path(p, d->media_type, e)
			      : oci_layout_blob(p->layout_fd, &d->digest, d->size, e);
		if (r < 0)
			return err_wrap(e, "%s", text);
		*ret_fd = r;
		pull_layer_fetched(p, d->size, 0, NULL);
		return 0;
	}
	r = p->fetch.proc.pid <= 0 ? start_fetch(p, e) : 0;
	if (r < 0)
		return r;
	r = sys_pipe(fds, 0);
	if (r < 0)
		return err_set(e, r, "make a pipe");
	sys_pipe_size(fds[1], PULL_PIPE_BYTES);
	partial_fd = open_partial(p, d);
	r = send_get(p, FETCH_BLOB, text, d->size, d->size, fds[1], partial_fd, e);
	sys_close(fds[1]); /* the fetch role holds the only writing end */
	if (r < 0) {
		sys_close(fds[0]);
		return r;
	}
	*ret_fd = fds[0];
	return 0;
}

static void end_fetch(struct pull *p)
{
	link_watch_stop(&p->link);
	pull_role_end(&p->fetch);
}

bool pull_source_again(struct pull *p, const struct err *e)
{
	char text[sizeof(e->msg) + 64];

	if (p->layout_fd >= 0 || p->endpoint >= p->n_mirrors)
		return false;
	snprintf(text, sizeof(text), "%s: %s", p->mirrors[p->endpoint], e->msg);
	pull_progress(p, "mirror", text, 0, 0);
	if (p->state == PULL_LAYER)
		pull_layer_drop(p->layer);
	end_fetch(p);
	p->endpoint++;
	pull_access(p, p->state);
	return true;
}

void pull_source_close(struct pull *p)
{
	end_fetch(p);
	sys_close(take_fd(&p->layout_fd));
}
