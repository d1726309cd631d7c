/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said about a key that cannot be used. Nothing is ignored in silence: either it is known to
 * Compose and the answer says what to write instead, or it is a typing error and the answer guesses.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "manifest/load.h"

#define KEY_MAX 32 /* longer keys get no guess */

static const struct {
	enum keys_place place;
	const char *key, *instead;
} refused[] = {
	{KEYS_TOP, "version", "Compose no longer uses it: delete the line"},
	{KEYS_TOP, "include", "a manifest is one file: write the services here"},
	{KEYS_TOP, "secrets", "mount a volume or a host path with volumes:"},
	{KEYS_TOP, "configs", "mount a volume or a host path with volumes:"},
	{KEYS_TOP, "models", "a device runs none: delete it"},
	{KEYS_SERVICE, "build", "build the image elsewhere, push it, name it with image:"},
	{KEYS_SERVICE, "deploy",
	 "write mem_limit:, cpus:, pids_limit: and restart: at the service"},
	{KEYS_SERVICE, "scale", "a service runs once: write a second service"},
	{KEYS_SERVICE, "container_name",
	 "the container of service s is called <project>-s-1, and s finds it too: delete the key"},
	{KEYS_SERVICE, "env_file", "no file beside the manifest is read: write environment:"},
	{KEYS_SERVICE, "extends", "use a YAML anchor and \"<<: *anchor\""},
	{KEYS_SERVICE, "profiles", "what is in the manifest runs: delete the service or the key"},
	{KEYS_SERVICE, "links", "services of one network find each other by name: delete it"},
	{KEYS_SERVICE, "external_links",
	 "services of one network find each other by name: delete it"},
	{KEYS_SERVICE, "volumes_from", "name the volumes with volumes:"},
	{KEYS_SERVICE, "secrets", "mount a volume or a host path with volumes:"},
	{KEYS_SERVICE, "configs", "mount a volume or a host path with volumes:"},
	{KEYS_SERVICE, "logging", "logs are json-file with rotation, set at build time: delete it"},
	{KEYS_SERVICE, "pull_policy", "an image is pulled when it is missing: delete it"},
	{KEYS_SERVICE, "develop", "it is for the developer's machine: delete it"},
	{KEYS_SERVICE, "attach", "it is for the developer's terminal: delete it"},
	{KEYS_SERVICE, "mem_reservation", "only the hard limit exists: write mem_limit:"},
	{KEYS_SERVICE, "cpu_quota", "write cpus:"},
	{KEYS_SERVICE, "cpu_period", "write cpus:"},
	{KEYS_SERVICE, "cpu_count", "write cpus:"},
	{KEYS_SERVICE, "cpu_percent", "write cpus:"},
	{KEYS_SERVICE, "domainname", "write the full name with hostname:"},
	{KEYS_SERVICE, "credential_spec", "it is for Windows: delete it"},
	{KEYS_SERVICE, "isolation", "it is for Windows: delete it"},
	/* known to Compose, not there yet */
	{KEYS_SERVICE, "healthcheck", NULL},
	{KEYS_SERVICE, "devices", NULL},
	{KEYS_SERVICE, "device_cgroup_rules", NULL},
	{KEYS_SERVICE, "gpus", NULL},
	{KEYS_SERVICE, "dns", NULL},
	{KEYS_SERVICE, "dns_opt", NULL},
	{KEYS_SERVICE, "dns_search", NULL},
	{KEYS_SERVICE, "extra_hosts", NULL},
	{KEYS_SERVICE, "mac_address", NULL},
	{KEYS_SERVICE, "group_add", NULL},
	{KEYS_SERVICE, "sysctls", NULL},
	{KEYS_SERVICE, "ulimits", NULL},
	{KEYS_SERVICE, "shm_size", NULL},
	{KEYS_SERVICE, "userns_mode", NULL},
	{KEYS_SERVICE, "cgroup", NULL},
	{KEYS_SERVICE, "cgroup_parent", NULL},
	{KEYS_SERVICE, "ipc", NULL},
	{KEYS_SERVICE, "pid", NULL},
	{KEYS_SERVICE, "uts", NULL},
	{KEYS_SERVICE, "runtime", NULL},
	{KEYS_SERVICE, "annotations", NULL},
	{KEYS_SERVICE, "blkio_config", NULL},
	{KEYS_SERVICE, "cpu_shares", NULL},
	{KEYS_SERVICE, "cpu_rt_period", NULL},
	{KEYS_SERVICE, "cpu_rt_runtime", NULL},
	{KEYS_SERVICE, "cpuset", NULL},
	{KEYS_SERVICE, "mem_swappiness", NULL},
	{KEYS_SERVICE, "memswap_limit", NULL},
	{KEYS_SERVICE, "oom_kill_disable", NULL},
	{KEYS_SERVICE, "oom_score_adj", NULL},
	{KEYS_SERVICE, "storage_opt", NULL},
	{KEYS_SERVICE, "post_start", NULL},
	{KEYS_SERVICE, "pre_stop", NULL},
};

/* Levenshtein with transposition; at most KEY_MAX characters each */
static unsigned int distance(const char *a, const char *b)
{
	unsigned char d[3][KEY_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned char *row = d[i % 3], *above = d[(i + 2) % 3], *two = d[(i + 1) % 3];

		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int best = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1u < best)
				best = above[j] + 1u;
			if (row[j - 1] + 1u < best)
				best = row[j - 1] + 1u;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two[j - 2] + 1u < best)
				best = two[j - 2] + 1u;
			row[j] = (unsigned char)best;
		}
	}
	return d[la % 3][lb];
}

static const char *nearest(const char *key, const char *const *known)
{
	unsigned int best = strlen(key) <= 4 ? 2 : 3; /* must be below */
	const char *name = NULL;

	if (strlen(key) > KEY_MAX)
		return NULL;
	for (; *known; known++) {
		unsigned int d = distance(key, *known);

		if (d >= best)
			continue;
		best = d;
		name = *known;
	}
	return name;
}

static const char *list_of(char *dst, size_t cap, const char *const *names)
{
	struct buf b;

	buf_init(&b, dst, cap);
	for (; *names; names++)
		buf_printf(&b, "%s%s", b.len ? ", " : "", *names);
	return dst;
}

int keys_refuse(struct load *l, const struct yaml_node *key, enum keys_place place,
		const char *const *known, const char *where)
{
	const char *guess;
	char list[128];

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (refused[i].place != place || !str_eq(refused[i].key, key->text))
			continue;
		if (!refused[i].instead)
			return load_fail(l, key, -ENOTSUP, "key \"%s\" in %s is not supported yet",
					 key->text, where);
		return load_fail(l, key, -ENOTSUP,
				 "key \"%s\" in %s is not supported on a device: %s", key->text,
				 where, refused[i].instead);
	}
	guess = nearest(key->text, known);
	if (guess)
		return load_fail(l, key, -EINVAL,
				 "unknown key \"%.64s\" in %s; did you mean \"%s\"?", key->text,
				 where, guess);
	if (place != KEYS_OTHER)
		return load_fail(l, key, -EINVAL, "unknown key \"%.64s\" in %s", key->text, where);
	return load_fail(l, key, -EINVAL, "unknown key \"%.64s\" in %s, which can have: %s",
			 key->text, where, list_of(list, sizeof(list), known));
}

int keys_check(struct load *l, const struct yaml_node *map, const char *const *known,
	       const char *where)
{
	for (const struct yaml_item *i = map->items; i; i = i->next) {
		const char *const *k = known;

		while (*k && !str_eq(*k, i->key->text))
			k++;
		if (!*k && !str_starts(i->key->text, "x-"))
			return keys_refuse(l, i->key, KEYS_OTHER, known, where);
	}
	return 0;
}
