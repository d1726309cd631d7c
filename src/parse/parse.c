/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parse role: reads one document, answers with its model or with what is wrong, exits. All
 * memory is static; what libyaml allocates is bounded by the role's limits. It trusts neither the
 * document nor the file it is in: only regular files are read, and no more than the largest
 * document.
 */
#include "parse/parse.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/kconfig.h"
#include "doc/pool.h"
#include "image/image.h"
#include "manifest/manifest.h"
#include "msg/msg.h"
#include "remote/remote.h"
#include "sys/fd.h"
#include "verify/verify.h"
#include "wire/reference.h"

#define DOCUMENT_BYTES (CONFIG_PARSE_DOCUMENT_KIB * 1024)
#define MODEL_BYTES    (CONFIG_PARSE_MODEL_KIB * 1024)

struct request {
	uint32_t kind;
	const char *name, *argument;
	int document_fd, out_fd, passwd_fd, group_fd;
};

static _Alignas(16) uint8_t frame[MSG_MAX], document[DOCUMENT_BYTES], model[MODEL_BYTES],
	encoded[MODEL_BYTES];

static int read_file(int fd, const char *name, uint8_t *into, size_t cap, struct span *ret,
		     struct err *e)
{
	struct stat st;
	size_t len = 0;
	int r;

	*ret = (struct span){"", 0};
	if (fd < 0)
		return 0;
	r = sys_stat(fd, &st);
	if (r < 0)
		return err_set(e, r, "%s: stat", name);
	if (!S_ISREG(st.st_mode))
		return err_text(e, -EINVAL, "%s: not a regular file", name);
	if (st.st_size < 0 || (uint64_t)st.st_size > cap)
		return err_text(
			e, -EFBIG,
			"%s: %lld bytes, at most %zu KiB are read (CONFIG_PARSE_DOCUMENT_KIB)",
			name, (long long)st.st_size, cap / 1024);
	while (len < cap) {
		ssize_t n = sys_pread(fd, into + len, cap - len, (off_t)len);

		if (n < 0)
			return err_set(e, (int)n, "%s: read", name);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret = (struct span){(const char *)into, len};
	return 0;
}

static void digest_of(struct span text, struct digest *ret_digest)
{
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, text.p, text.len);
	sha256_final(&h, ret_digest);
}

/* the word in front of @sep, at most a host's name */
static int first_word(char dst[static REFERENCE_HOST_CAP], const char *argument, char sep,
		      const char **ret_rest, struct err *e)
{
	struct span rest = {"", 0}, s = span_of(argument ? argument : "");
	bool found;

	s = span_cut(s, sep, &rest, &found);
	*ret_rest = rest.p;
	return str_copy_n(dst, REFERENCE_HOST_CAP, s.p, s.len) > 0
		       ? 0
		       : err_text(e, -EINVAL, "parse: malformed argument");
}

/* what this device knows about a registry; these documents hold passwords */
static int parse_remote(const struct request *q, struct span text, struct arena *arena,
			struct enc *enc, struct err *e)
{
	char host[REFERENCE_HOST_CAP];
	struct remote_settings settings;
	struct remote_login login;
	struct span edited;
	const char *rest = "";
	int r = q->kind == PARSE_ANSWER ? 0
					: first_word(host, q->argument,
						     q->kind == PARSE_LOGIN ? '/' : ' ', &rest, e);

	if (r == 0 && q->kind == PARSE_SETTINGS) {
		r = remote_parse_settings(text, q->name, host, arena, &settings, e);
		if (r == 0)
			remote_settings_encode(enc, &settings);
	} else if (r == 0 && q->kind == PARSE_LOGIN_EDIT) {
		r = remote_edit_login(text, q->name, host, *rest ? rest : NULL, arena, &edited, e);
		if (r >= 0) {
			enc_bool(enc, r > 0);
			enc_bytes(enc, edited.p, edited.len);
		}
	} else if (r == 0) {
		r = q->kind == PARSE_LOGIN
			    ? remote_parse_login(text, q->name, host, rest, arena, &login, e)
			    : remote_parse_answer(text, q->name, arena, &login, e);
		if (r == 0)
			remote_login_encode(enc, &login);
	}
	return r < 0 ? r : 0;
}

/* which images must be signed, and signatures */
static int parse_verify(const struct request *q, struct span text, struct arena *arena,
			struct enc *enc, struct err *e)
{
	struct verify_envelope envelope;
	struct verify_policy policy;
	struct verify_list list;
	struct digest digest = {0};
	int r;

	if (q->kind == PARSE_POLICY) {
		r = verify_parse_policy(text, q->name, arena, &policy, e);
		if (r == 0)
			verify_policy_encode(enc, &policy);
		return r;
	}
	if (q->kind == PARSE_SIGNATURES) {
		r = verify_parse_list(text, arena, &list, e);
		if (r == 0)
			verify_list_encode(enc, &list);
	} else if (q->kind == PARSE_BUNDLE) {
		r = verify_parse_bundle(text, arena, &envelope, e);
		if (r == 0)
			verify_envelope_encode(enc, &envelope);
	} else {
		r = verify_signed(q->argument ? q->argument : "", text, &digest, arena, e);
		enc_digest(enc, &digest);
	}
	return r;
}

static int parse_document(const struct request *q, struct span text, struct enc *enc, struct err *e)
{
	struct arena arena;
	int r;

	arena_init(&arena, model, sizeof(model));
	if (q->kind == PARSE_MANIFEST) {
		struct manifest m = {0};

		r = manifest_parse(text, q->name, &arena, &m, e);
		if (r == 0)
			manifest_encode(enc, &m);
		return r;
	}
	if (q->kind == PARSE_IMAGE_DOC || q->kind == PARSE_IMAGE_ARCHIVE) {
		struct image_doc doc = {0};

		r = q->kind == PARSE_IMAGE_DOC
			    ? image_parse_doc(text, q->argument, &arena, &doc, e)
			    : image_parse_archive(text, q->argument, &arena, &doc, e);
		digest_of(text, &doc.digest);
		if (r == 0)
			image_doc_encode(enc, &doc);
	} else if (q->kind == PARSE_IMAGE_CONFIG) {
		struct image_config config = {0};

		r = image_parse_config(text, &arena, &config, e);
		digest_of(text, &config.digest);
		if (r == 0)
			image_config_encode(enc, &config);
	} else if (q->kind == PARSE_IMAGE_HISTORY) {
		struct image_history history = {0};

		r = image_parse_history(text, &arena, &history, e);
		if (r == 0)
			enc_strs(enc, (const char *const *)history.lines, history.n);
	} else if (IS_ENABLED(CONFIG_VERIFY) && q->kind >= PARSE_POLICY &&
		   q->kind <= PARSE_SIGNED) {
		return parse_verify(q, text, &arena, enc, e);
	} else {
		return parse_remote(q, text, &arena, enc, e);
	}
	return r < 0 ? err_wrap(e, "%s", q->name) : 0;
}

static int parse_user(const struct request *q, struct enc *enc, struct err *e)
{
	struct parse_user user = {0};
	struct span passwd, group;
	int r;

	r = read_file(q->passwd_fd, "/etc/passwd", document, sizeof(document), &passwd, e);
	if (r == 0)
		r = read_file(q->group_fd, "/etc/group", doc_pool,
			      sizeof(doc_pool) < DOCUMENT_BYTES ? sizeof(doc_pool) : DOCUMENT_BYTES,
			      &group, e);
	if (r == 0)
		r = parse_user_find(q->argument ? q->argument : "", passwd, group, &user, e);
	if (r < 0)
		return err_wrap(e, "%s", q->name);
	parse_user_encode(enc, &user);
	return 0;
}

static int parse(const struct request *q, struct enc *enc, struct err *e)
{
	struct span text;
	int r;

	if (q->kind == PARSE_USER) {
		r = parse_user(q, enc, e);
	} else {
		if (q->document_fd < 0)
			return err_text(e, -EINVAL, "%s: no document came with the request",
					q->name);
		r = read_file(q->document_fd, q->name, document, sizeof(document), &text, e);
		if (r == 0)
			r = parse_document(q, text, enc, e);
	}
	if (r == 0 && !enc_ok(enc))
		r = err_text(e, -EFBIG,
			     "%s: the model does not fit %d KiB (CONFIG_PARSE_MODEL_KIB)", q->name,
			     CONFIG_PARSE_MODEL_KIB);
	return r;
}

static int send_result(int peer_fd, const struct request *q, const struct enc *enc, struct err *e)
{
	struct msg_out out;
	int r;

	msg_begin(&out, frame, sizeof(frame), PARSE_RESULT);
	if (enc->len <= sizeof(frame) - 64) {
		enc_u8(&out.enc, PARSE_INLINE);
		enc_bytes(&out.enc, enc->p, enc->len);
		return msg_send(peer_fd, &out);
	}
	if (q->out_fd < 0)
		return err_text(e, -EMSGSIZE, "%s: the model needs a file for the answer", q->name);
	r = sys_write_all(q->out_fd, enc->p, enc->len);
	if (r < 0)
		return err_set(e, r, "%s: write the model", q->name);
	enc_u8(&out.enc, PARSE_IN_FILE);
	enc_u64(&out.enc, enc->len);
	return msg_send(peer_fd, &out);
}

static int send_error(int peer_fd, int code, const struct err *e)
{
	struct msg_out out;

	msg_begin(&out, frame, sizeof(frame), PARSE_ERROR);
	enc_i64(&out.enc, code);
	enc_str(&out.enc, e->msg);
	return msg_send(peer_fd, &out);
}

static int take_file(struct msg *m, size_t *at, uint32_t files, enum parse_file which)
{
	return (files & which) && *at < m->n_fds ? take_fd(&m->fds[(*at)++]) : -1;
}

static int read_request(struct msg *m, struct arena *a, struct request *ret)
{
	uint32_t files;
	struct dec d;
	size_t at = 0;

	dec_init(&d, m->payload, m->len, a);
	ret->kind = dec_u32(&d);
	ret->name = dec_str_req(&d);
	ret->argument = dec_str(&d);
	files = dec_u32(&d);
	ret->document_fd = take_file(m, &at, files, PARSE_FILE_DOCUMENT);
	ret->out_fd = take_file(m, &at, files, PARSE_FILE_OUT);
	ret->passwd_fd = take_file(m, &at, files, PARSE_FILE_PASSWD);
	ret->group_fd = take_file(m, &at, files, PARSE_FILE_GROUP);
	return m->type != PARSE_REQUEST || ret->kind > PARSE_USER ? -EBADMSG : dec_done(&d);
}

int parse_role_main(int peer_fd)
{
	static _Alignas(16) uint8_t request_mem[8192];
	struct request q = {.name = "request"};
	struct err e = {0};
	struct arena arena;
	struct enc enc;
	struct msg m;
	int r;

	r = msg_recv(peer_fd, frame, sizeof(frame), &m, 0);
	if (r <= 0)
		return r < 0;
	arena_init(&arena, request_mem, sizeof(request_mem));
	enc_init(&enc, encoded, sizeof(encoded));
	r = read_request(&m, &arena, &q);
	if (r < 0)
		err_text(&e, r, "parse: malformed request");
	else
		r = parse(&q, &enc, &e);
	if (r == 0)
		r = send_result(peer_fd, &q, &enc, &e);
	if (r < 0)
		r = send_error(peer_fd, r, &e);
	return r < 0;
}
