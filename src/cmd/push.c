/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/digest.h"
#include "base/num.h"
#include "cmd/human.h"
#include "cmd/json.h"
#include "cmd/session.h"
#include "wire/reference.h"

static bool quiet;

static const struct opt options[] = {
	{'q', "quiet", NULL, "print only the digest", .flag = &quiet},
};

/* what the engine tells at the end */
enum { DIGEST, SIZE, NEW, SENT, PEAK, N_FACTS };

static const char *const fact_names[N_FACTS] = {"digest", "size", "new_manifest", "sent_bytes",
						"peak_memory_bytes"};

static void summary(const char *image, char facts[N_FACTS][DIGEST_TEXT_CAP])
{
	char sent[HUMAN_CAP], peak[HUMAN_CAP];
	struct reference ref = {0};
	uint64_t n[N_FACTS] = {0};

	for (size_t i = 0; i < N_FACTS; i++)
		num_u64(span_of(facts[i]), UINT64_MAX, &n[i]);
	reference_parse(image, &ref, NULL);
	fprintf(stderr, "sent %s, peak memory %s%s\n", human_size(sent, n[SENT]),
		human_size(peak, n[PEAK]),
		facts[NEW][0] == 'y' ? "; the manifest is new, as what the registry had not "
				       "went there uncompressed"
				     : "");
	printf("%s: digest: %s size: %s\n", ref.tag, facts[DIGEST], facts[SIZE]);
}

static int one(char *image)
{
	struct ctl_request r = {.verb = CTL_PUSH,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = image,
				.flags = quiet || cmd_globals.json ? CTL_F_QUIET : 0};
	char facts[N_FACTS][DIGEST_TEXT_CAP] = {{0}};
	struct ctl_reply reply;
	int rc = session_begin(&r, NULL, 0);

	if (rc)
		return rc;
	if (cmd_globals.json) {
		json_out_object();
		json_out_str("name", image);
	}
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type != CTL_PAIR)
			continue;
		if (cmd_globals.json)
			json_out_str(reply.pair.key, reply.pair.value);
		for (size_t i = 0; i < N_FACTS; i++)
			if (str_eq(reply.pair.key, fact_names[i]))
				str_copy(facts[i], sizeof(facts[i]), reply.pair.value);
	}
	if (rc == 0 && !cmd_globals.json && quiet)
		printf("%s\n", facts[DIGEST]);
	else if (rc == 0 && !cmd_globals.json)
		summary(image, facts);
	fflush(stdout);
	return -rc;
}

static int run(int argc, char **argv)
{
	int rc;

	(void)argc;
	if (cmd_globals.json)
		json_out_begin(true);
	rc = one(argv[0]);
	if (cmd_globals.json)
		json_out_end();
	return rc;
}

const struct cmd cmd_push = {
	.name = "push",
	.summary = "send an image to its registry",
	.usage = "[OPTIONS] NAME[:TAG]",
	.example = "  cleat tag app:2 registry.example.com/team/app:2\n"
		   "  cleat push registry.example.com/team/app:2\n",
	.options = OPT_TABLE(options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
