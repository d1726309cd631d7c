/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http_value.h"

#include <errno.h>
#include <stdbool.h>

#include "base/num.h"
#include "base/rfc3339.h"

int http_content_range(struct span value, struct http_range *ret_range)
{
	struct span first, last, total;
	struct http_range r = {.total = HTTP_TOTAL_UNKNOWN};
	bool found, slash;

	if (value.len < 6 || !span_eq_nocase((struct span){value.p, 6}, "bytes "))
		return -EINVAL;
	first = span_cut((struct span){value.p + 6, value.len - 6}, '-', &last, &found);
	last = span_cut(last, '/', &total, &slash);
	if (!found || !slash || num_u64(first, INT64_MAX, &r.first) < 0 ||
	    num_u64(last, INT64_MAX, &r.last) < 0 || r.last < r.first)
		return -EINVAL;
	if (!span_eq(total, "*") && (num_u64(total, INT64_MAX, &r.total) < 0 || r.total <= r.last))
		return -EINVAL;
	*ret_range = r;
	return 0;
}

int http_upload_range(struct span value, uint64_t *ret_bytes)
{
	struct span last;
	uint64_t n;
	bool found;

	if (value.len > 6 && span_eq_nocase((struct span){value.p, 6}, "bytes="))
		value = (struct span){value.p + 6, value.len - 6};
	if (!span_eq(span_cut(value, '-', &last, &found), "0") || num_u64(last, INT64_MAX, &n) < 0)
		return -EINVAL;
	*ret_bytes = n ? n + 1 : 0;
	return 0;
}

/* the next piece of a date, whatever separates it from the one after */
static struct span piece(struct span *rest)
{
	struct span p = *rest;
	size_t n = 0;

	while (n < rest->len && rest->p[n] != ' ' && rest->p[n] != '-' && rest->p[n] != ':')
		n++;
	p.len = n;
	while (n < rest->len && (rest->p[n] == ' ' || rest->p[n] == '-' || rest->p[n] == ':'))
		n++; /* asctime() writes two blanks before a day of one digit */
	*rest = (struct span){rest->p + n, rest->len - n};
	return p;
}

static unsigned int month_of(struct span name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (unsigned int i = 0; name.len == 3 && i < 12; i++)
		if (span_eq_nocase(name, (char[]){months[3 * i], months[3 * i + 1],
						  months[3 * i + 2], '\0'}))
			return i + 1;
	return 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" */
int http_date(struct span value, int64_t *ret_s)
{
	struct span day_name = piece(&value), day = piece(&value), month = piece(&value), year,
		    t[3];
	bool asctime = day_name.len && day_name.p[day_name.len - 1] != ',';
	uint32_t d, y, clock[3];
	unsigned int m;

	if (asctime) {
		struct span swap = day;

		day = month;
		month = swap;
	} else {
		year = piece(&value);
	}
	for (int i = 0; i < 3; i++)
		t[i] = piece(&value);
	if (asctime)
		year = piece(&value);
	else if (!span_eq(piece(&value), "GMT"))
		return -EINVAL;
	m = month_of(month);
	if (value.len || !m || num_u32(day, 31, &d) < 0 || !d || num_u32(year, 9999, &y) < 0 ||
	    num_u32(t[0], 23, &clock[0]) < 0 || num_u32(t[1], 59, &clock[1]) < 0 ||
	    num_u32(t[2], 60, &clock[2]) < 0)
		return -EINVAL;
	if (year.len == 2)
		y += y < 70 ? 2000 : 1900;
	*ret_s = civil_to_days(y, m, d) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
	return 0;
}

int http_rate(struct span value, struct http_rate *ret_rate)
{
	struct span rest, n, param;
	struct http_rate r = {0};
	bool found;

	n = span_trim(span_cut(value, ';', &rest, &found));
	if (num_u32(n, UINT32_MAX, &r.n) < 0)
		return -EINVAL;
	while (rest.len) {
		param = span_trim(span_cut(rest, ';', &rest, &found));
		if (param.len > 2 && param.p[0] == 'w' && param.p[1] == '=')
			num_u32((struct span){param.p + 2, param.len - 2}, UINT32_MAX, &r.window_s);
	}
	*ret_rate = r;
	return 0;
}
