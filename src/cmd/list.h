/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/digest.h"
#include "cmd/human.h"
#include "cmd/session.h"
#include "cmd/table.h"

#define LIST_AGO_CAP (HUMAN_CAP + 8)

/** struct list - what the engine answers, a reply a row: as a table, as JSON (--json) or only its IDs */
struct list {
	const char *const *headings; /* NULL-terminated */
	uint32_t type;		     /* of the replies that are rows */
	bool quiet;
	bool (*shown)(const struct ctl_reply *r); /* NULL: each */
	void (*as_id)(const struct ctl_reply *r); /* for quiet */
	void (*as_row)(struct table *t, const struct ctl_reply *r, int64_t now);
	void (*as_json)(const struct ctl_reply *r, int64_t now);
};

/** list_print() - ask @request and print the answers. Return: exit status of the verb */
int list_print(const struct list *l, const struct ctl_request *request);

/** list_id() - "sha256:…", or without @whole its first 12 digits, as docker shows the ID of an image */
const char *list_id(char dst[static DIGEST_TEXT_CAP], const struct digest *id, bool whole);

/** list_ago() - "3 hours ago"; "N/A" for what is no date of RFC 3339 or NULL */
const char *list_ago(char dst[static LIST_AGO_CAP], const char *date, int64_t now);
