/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/digest.h"
#include "base/num.h"
#include "cmd/human.h"
#include "cmd/json.h"
#include "cmd/pull.h"
#include "cmd/session.h"
#include "sys/proc.h"

static bool quiet;
static const char *platform;

static const struct opt options[] = {
	{'q', "quiet", NULL, "print only the digest", .flag = &quiet},
	{0, "platform", "OS/ARCH[/VARIANT]", "image for another machine, for instance linux/arm64",
	 .text = &platform},
};

/* what a pull has cost, as far as it is told */
enum {
	LAYERS,
	LAYERS_FETCHED,
	FETCHED,
	KEPT,
	UNPACKED,
	PEAK,
	RATE_LIMIT,
	RATE_LEFT,
	RATE_WINDOW,
	N_FIGURES
};

static const char *const figure_names[N_FIGURES] = {
	[LAYERS] = "layers",
	[LAYERS_FETCHED] = "layers_fetched",
	[FETCHED] = "fetched_bytes",
	[KEPT] = "kept_bytes",
	[UNPACKED] = "unpacked_bytes",
	[PEAK] = "peak_memory_bytes",
	[RATE_LIMIT] = "rate_limit",
	[RATE_LEFT] = "rate_remaining",
	[RATE_WINDOW] = "rate_window_s",
};

static void take_figure(uint64_t *figures, const struct ctl_reply *reply)
{
	for (size_t i = 0; i < N_FIGURES; i++)
		if (str_eq(reply->pair.key, figure_names[i]))
			num_u64(span_of(reply->pair.value), UINT64_MAX, &figures[i]);
}

static void summary(const uint64_t *f, int64_t took_ms)
{
	char fetched[HUMAN_CAP], kept[HUMAN_CAP], wrote[HUMAN_CAP], peak[HUMAN_CAP];

	fprintf(stderr, "fetched %s", human_size(fetched, f[FETCHED]));
	if (f[KEPT])
		fprintf(stderr, " (and had %s of before)", human_size(kept, f[KEPT]));
	fprintf(stderr, ", %llu of %llu layers there already, wrote %s, %lld.%lld s",
		(unsigned long long)(f[LAYERS] - f[LAYERS_FETCHED]), (unsigned long long)f[LAYERS],
		human_size(wrote, f[UNPACKED]), (long long)(took_ms / 1000),
		(long long)(took_ms % 1000 / 100));
	if (f[PEAK])
		fprintf(stderr, ", peak memory %s", human_size(peak, f[PEAK]));
	fputc('\n', stderr);
	if (f[RATE_LIMIT])
		fprintf(stderr, "the registry allows %llu requests in %llu s, %llu are left\n",
			(unsigned long long)f[RATE_LIMIT], (unsigned long long)f[RATE_WINDOW],
			(unsigned long long)f[RATE_LEFT]);
}

int pull_replies(const char *name, bool only_digest)
{
	uint64_t figures[N_FIGURES] = {0};
	int64_t began_ms = sys_now_ms();
	char digest[DIGEST_TEXT_CAP] = "";
	struct ctl_reply reply;
	int rc;

	if (cmd_globals.json) {
		json_out_object();
		json_out_str("name", name);
	}
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type != CTL_PAIR)
			continue;
		take_figure(figures, &reply);
		if (cmd_globals.json)
			json_out_str(reply.pair.key, reply.pair.value);
		else if (str_eq(reply.pair.key, "digest"))
			str_copy(digest, sizeof(digest), reply.pair.value);
	}
	if (!cmd_globals.json && rc == 0) {
		if (!only_digest)
			summary(figures, sys_now_ms() - began_ms);
		printf("%s%s%s\n", only_digest ? "" : name, only_digest ? "" : ": ", digest);
	}
	fflush(stdout);
	return -rc;
}

static int one(char *image)
{
	struct ctl_request r = {.verb = CTL_PULL,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = image,
				.args = (char **)(uintptr_t)&platform,
				.n_args = platform ? 1 : 0,
				.flags = quiet || cmd_globals.json ? CTL_F_QUIET : 0};
	int rc = session_begin(&r, NULL, 0);

	return rc ? rc : pull_replies(image, quiet);
}

static int run(int argc, char **argv)
{
	int worst = 0;

	if (cmd_globals.json)
		json_out_begin(true);
	for (int i = 0; i < argc; i++) {
		int rc = one(argv[i]);

		worst = rc ? rc : worst;
	}
	if (cmd_globals.json)
		json_out_end();
	return worst;
}

const struct cmd cmd_pull = {
	.name = "pull",
	.summary = "fetch images from their registries",
	.usage = "[OPTIONS] IMAGE...",
	.example = "  cleat pull registry.example.com/team/app:2\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
