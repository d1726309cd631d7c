/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/human.h"

#include <stdio.h>
#include <string.h>

char *human_size(char dst[static HUMAN_CAP], uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	uint64_t unit = 1, milli, step;
	unsigned int i = 0;
	size_t len;

	while (bytes / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	milli = unit == 1 ? bytes * 1000 : bytes / unit * 1000 + bytes % unit / (unit / 1000);
	step = milli >= 100000 ? 1000 : milli >= 10000 ? 100 : 10; /* three digits */
	milli = (milli + step / 2) / step * step;
	if (milli >= 1000000 && i < 6) {
		milli = 1000;
		i++;
	}
	snprintf(dst, HUMAN_CAP, "%u.%03u", (unsigned int)(milli / 1000),
		 (unsigned int)(milli % 1000));
	len = strlen(dst);
	while (dst[len - 1] == '0')
		len--;
	if (dst[len - 1] == '.')
		len--;
	snprintf(dst + len, HUMAN_CAP - len, "%s", units[i]);
	return dst;
}

/* The steps are those of docker's go-units. */
char *human_duration(char dst[static HUMAN_CAP], int64_t seconds)
{
	int64_t minutes = seconds / 60, hours = (seconds + 1800) / 3600, n;
	const char *name;

	if (seconds < 1 || seconds == 1 || minutes == 1 || (minutes >= 60 && hours == 1)) {
		snprintf(dst, HUMAN_CAP, "%s",
			 seconds < 1	? "Less than a second"
			 : seconds == 1 ? "1 second"
			 : minutes == 1 ? "About a minute"
					: "About an hour");
		return dst;
	}
	if (seconds < 60) {
		n = seconds;
		name = "seconds";
	} else if (minutes < 60) {
		n = minutes;
		name = "minutes";
	} else if (hours < 48) {
		n = hours;
		name = "hours";
	} else if (hours < 24 * 14) {
		n = hours / 24;
		name = "days";
	} else if (hours < 24 * 60) {
		n = hours / (24 * 7);
		name = "weeks";
	} else if (hours < 24 * 730) {
		n = hours / (24 * 30);
		name = "months";
	} else {
		n = seconds / (3600 * 24 * 365);
		name = "years";
	}
	snprintf(dst, HUMAN_CAP, "%lld %s", (long long)n, name);
	return dst;
}
