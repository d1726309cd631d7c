/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of containers and what the store keeps of each: containers/<id>/record, in base/codec
 * form, written once when the container is made and again when the user stops or starts it.
 */
#include "engine/container.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/hex.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/names.h"
#include "file/durable.h"
#include "sys/fd.h"
#include "sys/mem.h"

#define RECORD_NAME  "record"
#define RECORD_MAGIC 0x31524e43u /* "CNR1" */

struct container containers[CONFIG_MAX_CONTAINERS];

static uint8_t record_mem[MSG_MAX];

const char *container_state_name(const struct container *c)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		CONTAINER_STATES(X)
#undef X
	};

	return names[c->state];
}

struct container *container_each(struct container *after)
{
	struct container *c = after ? after + 1 : containers;

	for (; c < containers + CONFIG_MAX_CONTAINERS; c++)
		if (c->state != CONTAINER_FREE)
			return c;
	return NULL;
}

void container_run_path(const struct container *c, char *dst, size_t cap, const char *below)
{
	str_printf(dst, cap, "%s/%s%s%s", engine.run, c->id, below ? "/" : "", below ? below : "");
}

/* Records --------------------------------------------------------------------------------------- */

static int record_write(const struct container_record *r, struct err *e)
{
	auto_close int dir_fd = store_container_open(&engine.store, r->id, e);
	struct enc enc;

	if (dir_fd < 0)
		return dir_fd;
	enc_init(&enc, record_mem, sizeof(record_mem));
	enc_u32(&enc, RECORD_MAGIC);
	enc_str(&enc, r->id);
	enc_str(&enc, r->name);
	enc_str(&enc, r->service);
	enc_str(&enc, r->image_name);
	enc_digest(&enc, &r->image);
	enc_digest(&enc, &r->hash);
	enc_bool(&enc, r->auto_remove);
	enc_bool(&enc, r->held);
	enc_i64(&enc, r->created_s);
	manifest_service_encode(&enc, &r->spec);
	if (!enc_ok(&enc))
		return err_text(e, -EFBIG, "description of container %s is larger than %d bytes",
				r->name, (int)sizeof(record_mem));
	return durable_write(dir_fd, RECORD_NAME, record_mem, enc.len, 0600, e);
}

static int record_read(const char *id, struct container_record *ret_record, struct err *e)
{
	auto_close int dir_fd = store_container_open(&engine.store, id, e);
	struct container_record r = {0};
	struct dec d;
	ssize_t n;

	if (dir_fd < 0)
		return dir_fd;
	n = file_read(dir_fd, RECORD_NAME, record_mem, sizeof(record_mem), e);
	if (n < 0)
		return err_wrap(e, "container %.12s", id);
	dec_init(&d, record_mem, (size_t)n, &engine.scratch);
	if (dec_u32(&d) != RECORD_MAGIC)
		d.bad = true;
	r.id = dec_str_req(&d);
	r.name = dec_str_req(&d);
	r.service = dec_str(&d);
	r.image_name = dec_str_req(&d);
	dec_digest(&d, &r.image);
	dec_digest(&d, &r.hash);
	r.auto_remove = dec_bool(&d);
	r.held = dec_bool(&d);
	r.created_s = dec_i64(&d);
	manifest_service_decode(&d, &r.spec);
	if (dec_done(&d) < 0 || !str_eq(r.id, id))
		return err_text(
			e, -EBADMSG,
			"container %.12s: its record is damaged; remove it and make it again", id);
	*ret_record = r;
	return 0;
}

const char *container_hostname(const struct container_record *rec, char dst[static 13])
{
	if (rec->spec.hostname)
		return rec->spec.hostname;
	str_copy_n(dst, 13, rec->id, 12);
	return dst;
}

int container_record_read(const struct container *c, struct container_record *ret_record,
			  struct err *e)
{
	return record_read(c->id, ret_record, e);
}

int container_record_image(const struct container *c, struct container_record *ret_record,
			   struct store_image *ret_image, struct err *e)
{
	int r = record_read(c->id, ret_record, e);

	if (r < 0)
		return r;
	r = store_image_get(&engine.store, &ret_record->image, &engine.scratch, ret_image, e);
	return r < 0 ? err_wrap(e, "image %s of container %s", ret_record->image_name, c->name) : 0;
}

void container_set_held(struct container *c, bool held)
{
	auto_scratch size_t mark = scratch_mark();
	struct container_record r;
	struct err e = {0};

	(void)mark;
	if (c->held == held)
		return;
	c->held = held;
	if (record_read(c->id, &r, &e) == 0) {
		r.held = held;
		record_write(&r, &e);
	}
	if (e.code)
		event_err("container-record", &e, "id=%.12s", c->id);
}

/* Slots ----------------------------------------------------------------------------------------- */

static struct container *slot_take(struct err *e)
{
	for (size_t i = 0; i < CONFIG_MAX_CONTAINERS; i++) {
		struct container *c = &containers[i];
		uint32_t serial = c->serial + 1;

		if (c->state != CONTAINER_FREE)
			continue;
		memset(c, 0, sizeof(*c));
		c->serial = serial;
		c->monitor_fd = c->rootfs_fd = -1;
		c->attach_fds[0] = c->attach_fds[1] = c->attach_fds[2] = -1;
		return c;
	}
	err_text(
		e, -ENOSPC,
		"there are %d containers already (CONFIG_MAX_CONTAINERS); remove one first: cleat rm",
		CONFIG_MAX_CONTAINERS);
	return NULL;
}

/* its name, its service, its host name, its aliases: whatever fits is enough to be found by */
static void fill_host_names(struct container *c, const struct manifest_service *s)
{
	struct buf b;

	buf_init(&b, c->host_names, sizeof(c->host_names));
	buf_puts(&b, c->name);
	if (c->service[0] && !str_eq(c->service, c->name))
		buf_printf(&b, " %s", c->service);
	if (s->hostname && !str_eq(s->hostname, c->name) && !str_eq(s->hostname, c->service))
		buf_printf(&b, " %s", s->hostname);
	for (size_t i = 0; i < s->n_networks; i++)
		for (size_t k = 0; k < s->networks[i].n_aliases; k++)
			buf_printf(&b, " %s", s->networks[i].aliases[k]);
}

static int slot_fill(struct container *c, const struct container_record *r, struct err *e)
{
	if (str_copy(c->id, sizeof(c->id), r->id) < 0 ||
	    str_copy(c->name, sizeof(c->name), r->name) < 0 ||
	    str_copy(c->service, sizeof(c->service), r->service ? r->service : "") < 0)
		return err_text(e, -ENAMETOOLONG,
				"name of container %s is longer than %d characters", r->name,
				CONTAINER_NAME_CAP - 1);
	c->image = r->image;
	c->hash = r->hash;
	c->auto_remove = r->auto_remove;
	c->held = r->held;
	c->created_s = r->created_s;
	c->tty = r->spec.tty;
	c->stdin_open = r->spec.stdin_open;
	c->restart = r->spec.restart;
	c->restart_max = r->spec.restart_max;
	c->stop_grace_ms =
		r->spec.stop_grace_ms > INT32_MAX ? INT32_MAX : (uint32_t)r->spec.stop_grace_ms;
	c->stop_signal = r->spec.stop_signal;
	fill_host_names(c, &r->spec);
	c->state = CONTAINER_CREATED;
	return 0;
}

static bool name_taken(const char *name)
{
	for (struct container *c = NULL; (c = container_each(c));)
		if (str_eq(c->name, name))
			return true;
	return false;
}

static int choose_name(const char *wanted, char dst[static CONTAINER_NAME_CAP], struct err *e)
{
	if (!wanted) {
		do
			names_random(dst, CONTAINER_NAME_CAP);
		while (name_taken(dst));
		return 0;
	}
	if (names_check(wanted, CONTAINER_NAME_CAP) < 0)
		return err_text(
			e, -EINVAL,
			"container name \"%.140s\": expected letters, digits, '_', '.', '-', the first a "
			"letter or digit, at most %d characters",
			wanted, CONTAINER_NAME_CAP - 1);
	if (name_taken(wanted))
		return err_text(
			e, -EEXIST,
			"container name \"%s\" is in use; remove that container or choose another",
			wanted);
	str_copy(dst, CONTAINER_NAME_CAP, wanted);
	return 0;
}

int container_new(const struct manifest_service *spec, const char *name, const char *service,
		  const struct digest *image, const struct digest *hash, bool auto_remove,
		  struct container **ret_container, struct err *e)
{
	struct container_record r = {.service = (char *)(uintptr_t)service,
				     .image_name = spec->image,
				     .image = *image,
				     .hash = *hash,
				     .auto_remove = auto_remove,
				     .spec = *spec};
	char id[CONTAINER_ID_CAP], chosen[CONTAINER_NAME_CAP], quoted[EVENT_TEXT_CAP];
	struct container *c = slot_take(e);
	uint8_t random[32];
	uint32_t ns;
	int fd, n;

	if (!c)
		return -ENOSPC;
	n = choose_name(name, chosen, e);
	if (n == 0)
		n = sys_random(random, sizeof(random));
	if (n < 0)
		return e && e->code ? e->code : err_set(e, n, "random numbers");
	hex_encode(id, random, sizeof(random));
	r.id = id;
	r.name = chosen;
	sys_realtime(&r.created_s, &ns);
	n = slot_fill(c, &r, e);
	if (n < 0)
		return n;
	fd = store_container_create(&engine.store, id, e);
	n = fd < 0 ? fd : record_write(&r, e);
	sys_close(fd);
	if (n < 0) {
		if (fd >= 0)
			store_container_remove(&engine.store, id, NULL);
		c->state = CONTAINER_FREE;
		return n;
	}
	event("container-new", "id=%.12s name=%s image=%s", c->id, c->name,
	      event_text(quoted, r.image_name));
	*ret_container = c;
	return 0;
}

static int load_one(const char *id, void *data)
{
	auto_scratch size_t mark = scratch_mark();
	struct container_record r;
	struct container *c;
	struct err e = {0};

	(void)mark;
	(void)data;
	c = slot_take(&e);
	if (!c || record_read(id, &r, &e) < 0 || slot_fill(c, &r, &e) < 0)
		event_err("container-record", &e, "id=%.12s", id);
	return 0;
}

void container_load_all(void)
{
	struct err e = {0};

	if (store_container_each(&engine.store, load_one, NULL, &e) < 0)
		event_err("containers", &e, "%s", "");
}

struct container *container_find(const char *text, struct err *e)
{
	struct container *found = NULL;
	size_t len = strlen(text);

	for (struct container *c = NULL; (c = container_each(c));)
		if (str_eq(c->name, text) || str_eq(c->id, text))
			return c;
	for (struct container *c = NULL; len && (c = container_each(c));) {
		if (!str_starts(c->id, text))
			continue;
		if (found) {
			err_text(
				e, -EEXIST,
				"\"%s\" is the beginning of several container IDs; write more of it",
				text);
			return NULL;
		}
		found = c;
	}
	if (!found)
		found = container_by_service(text);
	if (!found)
		err_text(e, -ENOENT, "no container \"%.128s\"; see: cleat ps -a", text);
	return found;
}

struct container *container_by_service(const char *service)
{
	for (struct container *c = NULL; *service && (c = container_each(c));)
		if (str_eq(c->service, service))
			return c;
	return NULL;
}
