/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about the engine itself. */
#include "engine/engine.h"
#include "engine/server.h"
#include "image/image.h"
#include "role/role.h"

void verb_version(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct image_platform p = image_host_platform();

	(void)r;
	(void)m;
	client_pair(c, "version", "%s", CLEAT_VERSION CONFIG_VENDOR);
	client_pair(c, "platform", "%s/%s%s%s", p.os, p.arch, p.variant ? "/" : "",
		    p.variant ? p.variant : "");
	client_done(c);
}

void verb_info(struct client *c, const struct ctl_request *r, struct msg *m)
{
	unsigned int all = 0, alive = 0;

	(void)r;
	(void)m;
	for (struct container *k = NULL; (k = container_each(k));) {
		all++;
		alive += container_alive(k);
	}
	client_pair(c, "version", "%s", CLEAT_VERSION CONFIG_VENDOR);
	client_pair(c, "root", "%s", engine.root);
	client_pair(c, "run", "%s", engine.run);
	client_pair(c, "config", "%s", engine.config);
	client_pair(c, "runtime", "%s", engine.own_runtime ? "cleat" : engine.runtime);
	client_pair(c, "containers", "%u", all);
	client_pair(c, "running", "%u", alive);
	client_pair(c, "pull memory", "%d KiB", CONFIG_PULL_MEMORY_KIB);
	for (size_t i = 0; i < ROLE_COUNT; i++)
		client_pair(c, roles[i].name, "%s; at most %zu KiB", roles[i].purpose,
			    roles[i].max_memory_kib);
	client_done(c);
}
