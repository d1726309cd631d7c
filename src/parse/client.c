/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The starter's side. Whatever comes back may have been written by somebody who took the role over:
 * it is decoded from a private copy, after the role is dead, so that nothing changes underneath.
 */
#include "parse/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "msg/msg.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/watch.h"

#define MODEL_MAX   (CONFIG_PARSE_MODEL_KIB * 1024)
#define REQUEST_CAP 6144

void parse_cancel(struct parse_call *c)
{
	struct sys_exit status;

	role_end(&c->proc, &status);
	if (c->out_fd > 0)
		sys_close(take_fd(&c->out_fd));
}

static int send_request(struct parse_call *c, const char *name, const char *argument, int fd,
			int fd2)
{
	static uint8_t mem[REQUEST_CAP]; /* an argument may hold a password */
	struct msg_out out;
	uint32_t files = 0;
	int r;

	msg_begin(&out, mem, sizeof(mem), PARSE_REQUEST);
	if (fd >= 0) {
		files |= c->kind == PARSE_USER ? PARSE_FILE_PASSWD : PARSE_FILE_DOCUMENT;
		msg_add_fd(&out, fd);
	}
	if (c->kind != PARSE_USER) {
		files |= PARSE_FILE_OUT;
		msg_add_fd(&out, c->out_fd);
	} else if (fd2 >= 0) {
		files |= PARSE_FILE_GROUP;
		msg_add_fd(&out, fd2);
	}
	enc_u32(&out.enc, (uint32_t)c->kind);
	enc_str(&out.enc, name);
	enc_str(&out.enc, argument);
	enc_u32(&out.enc, files);
	r = msg_send(c->proc.peer_fd, &out);
	explicit_bzero(mem, sizeof(mem));
	return r;
}

int parse_start(struct parse_call *ret_call, enum parse_kind kind, const char *name,
		const char *argument, int fd, int fd2, const char *const *cgroup_procs,
		struct err *e)
{
	struct parse_call c = {.kind = kind, .out_fd = -1, .proc = {.pidfd = -1, .peer_fd = -1}};
	int r;

	*ret_call = c;
	if (kind != PARSE_USER) {
		c.out_fd = sys_memfd("model", 0);
		if (c.out_fd < 0)
			return err_set(e, c.out_fd, "%s: make a memory file", name);
	}
	r = role_spawn(ROLE_PARSE, NULL, 0, cgroup_procs, &c.proc, e);
	if (r == 0) {
		r = send_request(&c, name, argument, fd, fd2);
		if (r < 0)
			err_set(e, r, "%s: send to the parse role", name);
	}
	if (r < 0) {
		parse_cancel(&c);
		return r;
	}
	*ret_call = c;
	return 0;
}

int parse_wait(struct parse_call *c, int timeout_ms, struct err *e)
{
	int r = sys_poll_one(c->proc.peer_fd, POLLIN, timeout_ms);

	if (r > 0)
		return 0;
	parse_cancel(c);
	if (r < 0)
		return err_set(e, r, "wait for the parse role");
	return err_text(e, -ETIMEDOUT, "the parse role did not answer within %d ms", timeout_ms);
}

static int read_error(struct dec *d, struct err *e)
{
	int64_t code = dec_i64(d);
	const char *text = dec_str_req(d);

	if (dec_done(d) < 0 || code >= 0 || code < -4095)
		return err_text(e, -EBADMSG, "the parse role sent a malformed error");
	return err_text(e, (int)code, "%s", text);
}

static int read_out_file(struct parse_call *c, uint64_t len, struct arena *a, struct span *ret,
			 struct err *e)
{
	uint8_t *copy;
	size_t at = 0;

	if (len > MODEL_MAX || c->out_fd < 0)
		return err_text(e, -EBADMSG, "the parse role sent a malformed result");
	copy = arena_alloc(a, len ? (size_t)len : 1);
	if (!copy)
		return err_text(e, -EFBIG,
				"the model of %llu bytes does not fit the caller's memory",
				(unsigned long long)len);
	while (at < len) {
		ssize_t n = sys_pread(c->out_fd, copy + at, (size_t)len - at, (off_t)at);

		if (n <= 0)
			return err_text(e, n < 0 ? (int)n : -EBADMSG,
					"the parse role's result is cut");
		at += (size_t)n;
	}
	*ret = (struct span){(const char *)copy, (size_t)len};
	return 0;
}

/* The encoded model in the arena; the role is gone afterwards. */
static int take_model(struct parse_call *c, struct arena *a, struct span *ret, struct err *e)
{
	uint8_t *frame = arena_alloc(a, MSG_MAX);
	struct sys_exit status = {0};
	struct msg m = {0};
	struct dec d;
	int r;

	if (!frame)
		return err_text(e, -EFBIG, "a frame does not fit the caller's memory");
	r = role_recv(&c->proc, frame, MSG_MAX, &m, MSG_DONTWAIT);
	role_end(&c->proc, &status);
	if (r == -EPROTO)
		return err_text(e, -EBADMSG, "the parse role broke the protocol");
	if (r <= 0)
		return err_text(e, r < 0 && r != -EAGAIN ? r : -ECONNRESET,
				"the parse role ended without an answer%s",
				status.signaled ? ": it was killed (memory limit?)" : "");
	msg_close_fds(&m);
	dec_init(&d, m.payload, m.len, a);
	if (m.type == PARSE_ERROR)
		return read_error(&d, e);
	if (dec_u8(&d) == PARSE_IN_FILE) {
		uint64_t len = dec_u64(&d);

		return dec_done(&d) < 0
			       ? err_text(e, -EBADMSG, "the parse role sent a malformed result")
			       : read_out_file(c, len, a, ret, e);
	}
	*ret = dec_bytes(&d);
	return dec_done(&d) < 0 ? err_text(e, -EBADMSG, "the parse role sent a malformed result")
				: 0;
}

static int begin_decode(struct parse_call *c, enum parse_kind kind, struct arena *a,
			struct dec *ret, struct err *e)
{
	struct span model = {"", 0};
	int r = c->kind == kind ? take_model(c, a, &model, e)
				: err_text(e, -EINVAL, "the parse call is of another kind");

	parse_cancel(c);
	dec_init(ret, model.p, model.len, a);
	return r;
}

static int end_decode(const struct dec *d, struct err *e)
{
	return dec_done(d) < 0 ? err_text(e, -EBADMSG,
					  "the parse role sent a malformed model, or it does not "
					  "fit the caller's memory")
			       : 0;
}

int parse_finish_manifest(struct parse_call *c, struct arena *a, struct manifest *ret,
			  struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_MANIFEST, a, &d, e);

	if (r < 0)
		return r;
	manifest_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_doc(struct parse_call *c, struct arena *a, struct image_doc *ret, struct err *e)
{
	struct dec d;
	int r = begin_decode(c, c->kind == PARSE_IMAGE_ARCHIVE ? c->kind : PARSE_IMAGE_DOC, a, &d,
			     e);

	if (r < 0)
		return r;
	image_doc_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_config(struct parse_call *c, struct arena *a, struct image_config *ret,
			struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_IMAGE_CONFIG, a, &d, e);

	if (r < 0)
		return r;
	image_config_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_history(struct parse_call *c, struct arena *a, struct image_history *ret,
			 struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_IMAGE_HISTORY, a, &d, e);

	if (r < 0)
		return r;
	ret->lines = dec_strs(&d, IMAGE_MAX_HISTORY * IMAGE_HISTORY_LINES, &ret->n);
	if (ret->n % IMAGE_HISTORY_LINES)
		d.bad = true;
	return end_decode(&d, e);
}

int parse_finish_user(struct parse_call *c, struct arena *a, struct parse_user *ret, struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_USER, a, &d, e);

	if (r < 0)
		return r;
	parse_user_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_settings(struct parse_call *c, struct arena *a, struct remote_settings *ret,
			  struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_SETTINGS, a, &d, e);

	if (r < 0)
		return r;
	remote_settings_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_login(struct parse_call *c, struct arena *a, struct remote_login *ret,
		       struct err *e)
{
	struct dec d;
	int r = begin_decode(c, c->kind == PARSE_ANSWER ? PARSE_ANSWER : PARSE_LOGIN, a, &d, e);

	if (r < 0)
		return r;
	remote_login_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_edit(struct parse_call *c, struct arena *a, struct span *ret_text, struct err *e)
{
	struct dec d;
	bool changed;
	int r = begin_decode(c, PARSE_LOGIN_EDIT, a, &d, e);

	if (r < 0)
		return r;
	changed = dec_bool(&d);
	*ret_text = dec_bytes(&d);
	r = end_decode(&d, e);
	return r < 0 ? r : changed;
}

int parse_finish_policy(struct parse_call *c, struct arena *a, struct verify_policy *ret,
			struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_POLICY, a, &d, e);

	if (r < 0)
		return r;
	verify_policy_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_signatures(struct parse_call *c, struct arena *a, struct verify_list *ret,
			    struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_SIGNATURES, a, &d, e);

	if (r < 0)
		return r;
	verify_list_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_bundle(struct parse_call *c, struct arena *a, struct verify_envelope *ret,
			struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_BUNDLE, a, &d, e);

	if (r < 0)
		return r;
	verify_envelope_decode(&d, ret);
	return end_decode(&d, e);
}

int parse_finish_signed(struct parse_call *c, struct arena *a, struct digest *ret, struct err *e)
{
	struct dec d;
	int r = begin_decode(c, PARSE_SIGNED, a, &d, e);

	if (r < 0)
		return r;
	dec_digest(&d, ret);
	return end_decode(&d, e);
}
