/* SPDX-License-Identifier: Apache-2.0 */
/* prune, and docker's four: system, image, container and volume prune. */
#include <stdio.h>

#include "base/num.h"
#include "cmd/human.h"
#include "cmd/json.h"
#include "cmd/session.h"

static bool all, force, volumes;

#define FORCE                                                                                      \
	{                                                                                          \
		'f', "force", NULL, "do not ask", .flag = &force                                   \
	}

static const struct opt options[] = {
	{'a', "all", NULL, "also images with a name that nothing uses", .flag = &all},
	FORCE,
	{0, "volumes", NULL, "also volumes without a name that no container has", .flag = &volumes},
};

static bool confirmed(const char *what)
{
	int first;

	if (force)
		return true;
	fprintf(stderr, "This will remove %s.\nAre you sure you want to continue? [y/N] ", what);
	first = getchar();
	if (first == 'y' || first == 'Y')
		return true;
	cmd_error("nothing was removed");
	return false;
}

static void show(const struct ctl_reply *reply, uint64_t *freed)
{
	if (reply->type == CTL_PAIR)
		num_u64(span_of(reply->pair.value), UINT64_MAX, freed);
	else if (reply->type == CTL_TEXT && !cmd_globals.json)
		puts(reply->text);
}

static int prune(uint32_t flags, const char *what)
{
	struct ctl_request r = {.verb = CTL_PRUNE, .timeout_ms = CTL_TIMEOUT_UNSET, .flags = flags};
	struct ctl_reply reply;
	char size[HUMAN_CAP];
	uint64_t freed = 0;
	int rc;

	if (!confirmed(what))
		return 1;
	rc = session_begin(&r, NULL, 0);
	if (rc)
		return rc;
	while ((rc = session_next(&reply)) > 0)
		show(&reply, &freed);
	if (rc < 0)
		return -rc;
	if (cmd_globals.json) {
		json_out_begin(false);
		json_out_object();
		json_out_num("freed_bytes", (int64_t)freed);
		json_out_end();
	} else if (flags & CTL_F_IMAGES) {
		printf("Total reclaimed space: %s\n", human_size(size, freed));
	}
	return 0;
}

static int run_all(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return prune(CTL_F_CONTAINERS | CTL_F_IMAGES | (all ? CTL_F_ALL : 0) |
			     (volumes ? CTL_F_VOLUMES : 0),
		     all ? "all stopped containers and all images that nothing uses"
			 : "all stopped containers and all images without a name");
}

static int run_images(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return prune(CTL_F_IMAGES | (all ? CTL_F_ALL : 0),
		     all ? "all images that nothing uses" : "all images without a name");
}

static int run_containers(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return prune(CTL_F_CONTAINERS, "all stopped containers");
}

static int run_volumes(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return prune(CTL_F_VOLUMES, "all volumes without a name that no container has");
}

static const struct opt only_force[] = {FORCE};

const struct cmd cmd_prune = {
	.name = "prune",
	.summary = "remove what nothing uses",
	.usage = "[OPTIONS]",
	.example = "  cleat prune -a -f\n",
	.options = OPT_TABLE(options),
	.run = run_all,
};

const struct cmd cmd_image_prune = {
	.name = "image prune",
	.summary = "remove images that nothing uses",
	.usage = "[OPTIONS]",
	.example = "  cleat image prune -a -f\n",
	.options = {options, 2},
	.run = run_images,
};

const struct cmd cmd_container_prune = {
	.name = "container prune",
	.summary = "remove stopped containers",
	.usage = "[OPTIONS]",
	.example = "  cleat container prune -f\n",
	.options = OPT_TABLE(only_force),
	.run = run_containers,
};

const struct cmd cmd_volume_prune = {
	.name = "volume prune",
	.summary = "remove volumes without a name that no container has",
	.usage = "[OPTIONS]",
	.example = "  cleat volume prune -f\n",
	.options = OPT_TABLE(only_force),
	.run = run_volumes,
};
