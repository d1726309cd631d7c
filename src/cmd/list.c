/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/list.h"

#include <stdio.h>

#include "base/rfc3339.h"
#include "cmd/json.h"
#include "sys/proc.h"

int list_print(const struct list *l, const struct ctl_request *request)
{
	struct ctl_reply reply;
	struct table t;
	int64_t now;
	uint32_t ns;
	int rc = session_begin(request, NULL, 0);

	if (rc)
		return rc;
	sys_realtime(&now, &ns);
	table_init(&t, l->headings);
	if (cmd_globals.json)
		json_out_begin(true);
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type != l->type || (l->shown && !l->shown(&reply)))
			continue;
		if (cmd_globals.json)
			l->as_json(&reply, now);
		else if (l->quiet)
			l->as_id(&reply);
		else
			l->as_row(&t, &reply, now);
	}
	if (rc < 0)
		return -rc;
	if (cmd_globals.json)
		json_out_end();
	else if (!l->quiet)
		table_print(&t);
	return 0;
}

const char *list_id(char dst[static DIGEST_TEXT_CAP], const struct digest *id, bool whole)
{
	const size_t prefix = sizeof("sha256:") - 1;

	digest_text(dst, id);
	if (whole)
		return dst;
	dst[prefix + 12] = '\0';
	return dst + prefix;
}

const char *list_ago(char dst[static LIST_AGO_CAP], const char *date, int64_t now)
{
	char since[HUMAN_CAP];
	int64_t s;
	uint32_t ns;

	if (!date || rfc3339_parse(span_of(date), &s, &ns) < 0)
		return "N/A";
	snprintf(dst, LIST_AGO_CAP, "%s ago", human_duration(since, now - s));
	return dst;
}
