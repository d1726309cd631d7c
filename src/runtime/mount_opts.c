/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_opts.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "sys/mnt.h"

/* of the table alone: the default of the access-time field, whose attribute is 0 */
#define RELATIME MOUNT_ATTR__ATIME

struct option {
	const char *name;
	bool clear;
	unsigned long flag; /* MS_* */
	uint64_t attr;	    /* MOUNT_ATTR_*; 0: a property of the file system only */
};

static const struct option table[] = {
	{"ro", false, MS_RDONLY, MOUNT_ATTR_RDONLY},
	{"rw", true, MS_RDONLY, MOUNT_ATTR_RDONLY},
	{"nosuid", false, MS_NOSUID, MOUNT_ATTR_NOSUID},
	{"suid", true, MS_NOSUID, MOUNT_ATTR_NOSUID},
	{"nodev", false, MS_NODEV, MOUNT_ATTR_NODEV},
	{"dev", true, MS_NODEV, MOUNT_ATTR_NODEV},
	{"noexec", false, MS_NOEXEC, MOUNT_ATTR_NOEXEC},
	{"exec", true, MS_NOEXEC, MOUNT_ATTR_NOEXEC},
	{"nodiratime", false, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
	{"diratime", true, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
	{"noatime", false, MS_NOATIME, MOUNT_ATTR_NOATIME},
	{"atime", true, MS_NOATIME, MOUNT_ATTR_NOATIME},
	{"strictatime", false, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
	{"nostrictatime", true, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
	{"relatime", false, MS_RELATIME, RELATIME},
	{"norelatime", true, MS_RELATIME, RELATIME},
	{"nosymfollow", false, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
	{"symfollow", true, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
	{"sync", false, MS_SYNCHRONOUS, 0},
	{"async", true, MS_SYNCHRONOUS, 0},
	{"dirsync", false, MS_DIRSYNC, 0},
	{"mand", false, MS_MANDLOCK, 0},
	{"nomand", true, MS_MANDLOCK, 0},
	{"iversion", false, MS_I_VERSION, 0},
	{"noiversion", true, MS_I_VERSION, 0},
	{"lazytime", false, MS_LAZYTIME, 0},
	{"nolazytime", true, MS_LAZYTIME, 0},
	{"silent", false, MS_SILENT, 0},
	{"loud", true, MS_SILENT, 0},
	{"remount", false, MS_REMOUNT, 0},
	{"defaults", false, 0, 0},
};

static const struct {
	const char *name;
	unsigned long flag;
} propagations[] = {
	{"private", MS_PRIVATE},
	{"shared", MS_SHARED},
	{"slave", MS_SLAVE},
	{"unbindable", MS_UNBINDABLE},
};

const struct mount_opts mount_opts_read_only = {.flags = MS_RDONLY, .attr_set = MOUNT_ATTR_RDONLY};

long mount_propagation(const char *name)
{
	bool rec = *name == 'r';

	for (size_t i = 0; i < ARRAY_LEN(propagations); i++)
		if (!strcmp(name + rec, propagations[i].name))
			return (long)(propagations[i].flag | (rec ? MS_REC : 0));
	return -EINVAL;
}

static const struct option *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (!strcmp(name, table[i].name))
			return &table[i];
	return NULL;
}

static void change(const struct option *o, uint64_t *set, uint64_t *clear)
{
	/* the access-time mode is one field of two bits: it is cleared as a whole, then set */
	if (o->attr & MOUNT_ATTR__ATIME) {
		if (o->clear && o->attr == RELATIME)
			return; /* what then? mount(8) does nothing */
		*set &= ~(uint64_t)MOUNT_ATTR__ATIME;
		*clear |= MOUNT_ATTR__ATIME;
		*set |= o->clear || o->attr == RELATIME ? MOUNT_ATTR_RELATIME : o->attr;
	} else if (o->clear) {
		*set &= ~o->attr;
		*clear |= o->attr;
	} else {
		*set |= o->attr;
		*clear &= ~o->attr;
	}
}

/*
 * As mount(2) with MS_REMOUNT, and so runc: flags that are not named are cleared; the access-time mode stays
 * unless one is named.
 */
static uint64_t unnamed(const struct mount_opts *m)
{
	uint64_t attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;

	if (!m->named)
		return 0;
	if ((m->attr_set | m->attr_clear) & MOUNT_ATTR__ATIME)
		attr |= MOUNT_ATTR_NODIRATIME;
	return attr & ~(m->attr_set | m->attr_clear);
}

/* Return: 1 it was an option of the mount; 0 it is the file system's */
static int parse_one(const char *name, struct mount_opts *m)
{
	long propagation = mount_propagation(name);
	const struct option *o = find(name);

	if (!strcmp(name, "bind") || !strcmp(name, "rbind")) {
		m->bind = true;
		m->rec = *name == 'r';
	} else if (!strcmp(name, "src-nofollow") || !strcmp(name, "dest-nofollow")) { /* crun's */
		m->src_nofollow |= *name == 's';
		m->dst_nofollow |= *name == 'd';
	} else if (!strcmp(name, "copy-symlink")) {
		m->copy_link = true;
	} else if (!strncmp(name, "idmap", 5) && (!name[5] || name[5] == '=')) {
		m->idmap = true;
		m->idmap_text = name[5] ? name + 6 : m->idmap_text;
	} else if (!strcmp(name, "ridmap")) {
		m->idmap = m->idmap_rec = true;
	} else if (!strcmp(name, "tmpcopyup") || !strcmp(name, "notmpcopyup")) {
		m->copy_up = *name == 't';
	} else if (o) {
		m->named |= o->attr != 0;
		m->flags = o->clear ? m->flags & ~o->flag : m->flags | o->flag;
		/* an access-time mode goes by another one only, as with mount(8) */
		if (!o->clear || !(o->attr & (MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME)))
			change(o, &m->attr_set, &m->attr_clear);
		else
			m->attr_set &= ~(o->attr & MOUNT_ATTR_NODIRATIME);
	} else if (propagation > 0) {
		m->propagation = (uint64_t)propagation & ~(uint64_t)MS_REC;
		m->propagation_rec = propagation & MS_REC;
	} else if (*name == 'r' && (o = find(name + 1)) && o->attr) {
		change(o, &m->rec_set, &m->rec_clear);
	} else {
		return 0;
	}
	return 1;
}

int mount_opts_parse(const struct oci_strs *options, struct mount_opts *ret_opts, struct err *e)
{
	struct buf data;

	memset(ret_opts, 0, sizeof(*ret_opts));
	buf_init(&data, ret_opts->data, sizeof(ret_opts->data));
	for (size_t i = 0; i < options->n; i++) {
		const char *name = options->v[i];

		if (parse_one(name, ret_opts))
			continue;
		if (data.len)
			buf_putc(&data, ',');
		buf_puts(&data, name);
	}
	/* named alone it implies the default of the field that it belongs to */
	if (ret_opts->attr_set & MOUNT_ATTR_NODIRATIME)
		ret_opts->attr_clear |= MOUNT_ATTR__ATIME;
	ret_opts->attr_unnamed = unnamed(ret_opts);
	return buf_ok(&data) ? 0 : err_text(e, -E2BIG, "mount options are too long");
}

const char *mount_opts_name(size_t i)
{
	static const char *const more[] = {"bind", "rbind", "tmpcopyup", "idmap", "ridmap"};
	static char name[24];

	if (i < ARRAY_LEN(more))
		return more[i];
	i -= ARRAY_LEN(more);
	if (i < ARRAY_LEN(table))
		return table[i].name;
	i -= ARRAY_LEN(table);
	if (i < 2 * ARRAY_LEN(propagations)) {
		str_printf(name, sizeof(name), "%s%s", i & 1 ? "r" : "", propagations[i / 2].name);
		return name;
	}
	i -= 2 * ARRAY_LEN(propagations);
	for (size_t k = 0; k < ARRAY_LEN(table); k++) {
		if (!table[k].attr || i--)
			continue;
		str_printf(name, sizeof(name), "r%s", table[k].name);
		return name;
	}
	return NULL;
}
