/* SPDX-License-Identifier: Apache-2.0 */
#include "msg/ctl.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	bool needs_engine;
} verbs[CTL_VERB_COUNT] = {
#define X(symbol, verb_name, engine) [CTL_##symbol] = {verb_name, engine},
	CTL_VERBS(X)
#undef X
};

const char *ctl_verb_name(enum ctl_verb verb)
{
	return (unsigned int)verb < CTL_VERB_COUNT ? verbs[verb].name : "?";
}

bool ctl_verb_needs_engine(enum ctl_verb verb)
{
	return (unsigned int)verb >= CTL_VERB_COUNT || verbs[verb].needs_engine;
}

void ctl_request_encode(struct enc *e, const struct ctl_request *r)
{
	enc_u32(e, r->flags);
	enc_u32(e, r->stdio);
	enc_str(e, r->name);
	enc_i64(e, r->signal);
	enc_i64(e, r->timeout_ms);
	enc_u32(e, r->rows);
	enc_u32(e, r->columns);
	enc_strs(e, (const char *const *)r->args, r->n_args);
	enc_strs(e, (const char *const *)r->env, r->n_env);
	enc_str(e, r->user);
	enc_str(e, r->working_dir);
	enc_bytes(e, r->service.p, r->service.len);
}

/* an i64 on the wire that must fit an int32_t */
static int32_t dec_int32(struct dec *d)
{
	int64_t v = dec_i64(d);

	if (v < INT32_MIN || v > INT32_MAX) {
		d->bad = true;
		return 0;
	}
	return (int32_t)v;
}

void ctl_request_decode(struct dec *d, enum ctl_verb verb, struct ctl_request *ret_request)
{
	struct ctl_request r = {.verb = verb};

	r.flags = dec_u32(d);
	r.stdio = dec_u32(d);
	r.name = dec_str(d);
	r.signal = dec_int32(d);
	r.timeout_ms = dec_i64(d);
	r.rows = dec_u32(d);
	r.columns = dec_u32(d);
	r.args = dec_strs(d, CTL_MAX_ARGS, &r.n_args);
	r.env = dec_strs(d, CTL_MAX_ARGS, &r.n_env);
	r.user = dec_str(d);
	r.working_dir = dec_str(d);
	r.service = dec_bytes(d);
	if ((unsigned int)verb >= CTL_VERB_COUNT || r.timeout_ms < CTL_TIMEOUT_UNSET)
		d->bad = true;
	*ret_request = r;
}

static void encode_container(struct enc *e, const struct ctl_container *c)
{
	enc_str(e, c->id);
	enc_str(e, c->name);
	enc_str(e, c->image);
	enc_str(e, c->command);
	enc_str(e, c->state);
	enc_str(e, c->ports);
	enc_str(e, c->ip);
	enc_str(e, c->service);
	enc_str(e, c->error);
	enc_i64(e, c->created_s);
	enc_i64(e, c->started_s);
	enc_i64(e, c->finished_s);
	enc_i64(e, c->exit_code);
	enc_u32(e, c->restarts);
	enc_u32(e, c->pid);
	enc_bool(e, c->oom);
}

static void decode_container(struct dec *d, struct ctl_container *c)
{
	c->id = dec_str_req(d);
	c->name = dec_str_req(d);
	c->image = dec_str_req(d);
	c->command = dec_str_req(d);
	c->state = dec_str_req(d);
	c->ports = dec_str_req(d);
	c->ip = dec_str_req(d);
	c->service = dec_str(d);
	c->error = dec_str(d);
	c->created_s = dec_i64(d);
	c->started_s = dec_i64(d);
	c->finished_s = dec_i64(d);
	c->exit_code = dec_int32(d);
	c->restarts = dec_u32(d);
	c->pid = dec_u32(d);
	c->oom = dec_bool(d);
}

static void encode_image(struct enc *e, const struct ctl_image *i)
{
	enc_str(e, i->repository);
	enc_str(e, i->tag);
	enc_digest(e, &i->digest);
	enc_digest(e, &i->id);
	enc_str(e, i->created);
	enc_u64(e, i->bytes);
}

static void decode_image(struct dec *d, struct ctl_image *i)
{
	i->repository = dec_str_req(d);
	i->tag = dec_str(d);
	dec_digest(d, &i->digest);
	dec_digest(d, &i->id);
	i->created = dec_str(d);
	i->bytes = dec_u64(d);
}

void ctl_reply_encode(struct enc *e, const struct ctl_reply *r)
{
	switch ((enum ctl_reply_type)r->type) {
	case CTL_DONE:
	case CTL_FD:
		break;
	case CTL_ERROR:
		enc_i64(e, r->error.exit_code);
		enc_str(e, r->error.text);
		break;
	case CTL_PROGRESS:
		enc_str(e, r->progress.what);
		enc_str(e, r->progress.text);
		enc_u64(e, r->progress.done);
		enc_u64(e, r->progress.total);
		break;
	case CTL_STARTED:
		enc_str(e, r->started.id);
		enc_str(e, r->started.name);
		break;
	case CTL_EXIT:
		enc_i64(e, r->exit_code);
		break;
	case CTL_CONTAINER:
		encode_container(e, &r->container);
		break;
	case CTL_IMAGE:
		encode_image(e, &r->image);
		break;
	case CTL_TEXT:
		enc_str(e, r->text);
		break;
	case CTL_PAIR:
		enc_str(e, r->pair.key);
		enc_str(e, r->pair.value);
		break;
	}
}

void ctl_reply_decode(struct dec *d, uint32_t type, struct ctl_reply *ret_reply)
{
	struct ctl_reply r = {.type = type};

	if (type < CTL_DONE || type > CTL_FD) {
		d->bad = true;
		*ret_reply = r;
		return;
	}
	switch ((enum ctl_reply_type)type) {
	case CTL_DONE:
	case CTL_FD:
		break;
	case CTL_ERROR:
		r.error.exit_code = dec_int32(d);
		r.error.text = dec_str_req(d);
		break;
	case CTL_PROGRESS:
		r.progress.what = dec_str_req(d);
		r.progress.text = dec_str_req(d);
		r.progress.done = dec_u64(d);
		r.progress.total = dec_u64(d);
		break;
	case CTL_STARTED:
		r.started.id = dec_str_req(d);
		r.started.name = dec_str_req(d);
		break;
	case CTL_EXIT:
		r.exit_code = dec_int32(d);
		break;
	case CTL_CONTAINER:
		decode_container(d, &r.container);
		break;
	case CTL_IMAGE:
		decode_image(d, &r.image);
		break;
	case CTL_TEXT:
		r.text = dec_str_req(d);
		break;
	case CTL_PAIR:
		r.pair.key = dec_str_req(d);
		r.pair.value = dec_str_req(d);
		break;
	}
	*ret_reply = r;
}
