/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/names.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "sys/proc.h"

static const char *const qualities[] = {
	"agile", "amber", "brave", "brisk", "calm",  "clear",  "crisp", "dapper",
	"eager", "early", "fair",  "fond",  "glad",  "green",  "happy", "hardy",
	"keen",	 "kind",  "light", "lucid", "merry", "mild",   "neat",	"noble",
	"proud", "quick", "quiet", "ready", "sound", "steady", "warm",	"wise",
};

static const char *const animals[] = {
	"badger", "beaver", "bison", "crane",  "curlew", "dipper", "eider",  "falcon",
	"ferret", "finch",  "fox",   "gannet", "hare",	 "heron",  "ibex",   "jay",
	"kite",	  "lark",   "lynx",  "marten", "merlin", "newt",   "osprey", "otter",
	"plover", "raven",  "robin", "seal",   "stoat",	 "swift",  "teal",   "wren",
};

void names_random(char *dst, size_t cap)
{
	uint8_t r[3] = {0};

	sys_random(r, sizeof(r));
	str_printf(dst, cap, "%s_%s%02x", qualities[r[0] % ARRAY_LEN(qualities)],
		   animals[r[1] % ARRAY_LEN(animals)], r[2]);
}

static int letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int names_check(const char *name, size_t cap)
{
	size_t len = strlen(name);

	if (!len || len >= cap || !letter_or_digit(name[0]))
		return -EINVAL;
	for (size_t i = 1; i < len; i++)
		if (!letter_or_digit(name[i]) && !strchr("_.-", name[i]))
			return -EINVAL;
	return 0;
}
