/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rfc3339.h"

#include <errno.h>
#include <stdio.h>

#include "base/num.h"

/* Years start in March, so that the leap day is the last day; eras of 400 years have 146,097 days. */
int64_t civil_to_days(int64_t year, unsigned int month, unsigned int day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void days_to_civil(int64_t days, int64_t *ret_year, unsigned int *ret_month, unsigned int *ret_day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*ret_day = (unsigned int)(doy - (153 * mp + 2) / 5 + 1);
	*ret_month = (unsigned int)(mp < 10 ? mp + 3 : mp - 9);
	*ret_year = yoe + era * 400 + (*ret_month <= 2);
}

char *rfc3339_format(char dst[static RFC3339_CAP], int64_t s, uint32_t ns)
{
	int64_t days = s / 86400, rest = s % 86400, year;
	unsigned int month, day;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	days_to_civil(days, &year, &month, &day);
	if (year < 0 || year > 9999)
		return rfc3339_format(dst, 0, 0);
	snprintf(dst, RFC3339_CAP, "%04d-%02u-%02uT%02d:%02d:%02d.%09uZ", (int)year, month, day,
		 (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60), ns % 1000000000);
	return dst;
}

/* @len digits at @at, followed by @end unless @end is 0 */
static int field(struct span t, size_t at, size_t len, char end, uint32_t max, uint32_t *ret)
{
	if (t.len < at + len + (end != 0) || (end && t.p[at + len] != end))
		return -EINVAL;
	return num_u32((struct span){t.p + at, len}, max, ret) < 0 ? -EINVAL : 0;
}

static int zone(struct span t, int64_t *ret_offset_s)
{
	uint32_t h, m;

	if (t.len == 1 && (t.p[0] == 'Z' || t.p[0] == 'z')) {
		*ret_offset_s = 0;
		return 0;
	}
	if (t.len != 6 || (t.p[0] != '+' && t.p[0] != '-') || field(t, 1, 2, ':', 23, &h) < 0 ||
	    field(t, 4, 2, 0, 59, &m) < 0)
		return -EINVAL;
	*ret_offset_s = (int64_t)(h * 3600 + m * 60) * (t.p[0] == '-' ? -1 : 1);
	return 0;
}

int rfc3339_parse(struct span t, int64_t *ret_s, uint32_t *ret_ns)
{
	uint32_t y, mo, d, h, mi, s, ns = 0, scale = 100000000;
	int64_t offset_s;
	size_t at = 19;

	if (field(t, 0, 4, '-', 9999, &y) < 0 || field(t, 5, 2, '-', 12, &mo) < 0 ||
	    field(t, 8, 2, 0, 31, &d) < 0 || field(t, 11, 2, ':', 23, &h) < 0 ||
	    field(t, 14, 2, ':', 59, &mi) < 0 || field(t, 17, 2, 0, 60, &s) < 0)
		return -EINVAL;
	if (!mo || !d || (t.p[10] != 'T' && t.p[10] != 't' && t.p[10] != ' '))
		return -EINVAL;
	if (t.len > at && t.p[at] == '.') {
		size_t first = ++at;

		for (; at < t.len && t.p[at] >= '0' && t.p[at] <= '9'; at++) {
			ns += (uint32_t)(t.p[at] - '0') * scale;
			scale /= 10;
		}
		if (at == first)
			return -EINVAL;
	}
	if (zone((struct span){t.p + at, t.len - at}, &offset_s) < 0)
		return -EINVAL;
	*ret_s = civil_to_days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset_s;
	*ret_ns = ns;
	return 0;
}
