/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <errno.h>
#include <stdbool.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static int number(struct span s, unsigned int base, uint64_t max, uint64_t *ret_value)
{
	bool over = false;
	uint64_t v = 0;

	if (!s.len)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned int d = (unsigned int)digit(s.p[i]);

		if (d >= base)
			return -EINVAL;
		over |= __builtin_mul_overflow(v, base, &v);
		over |= __builtin_add_overflow(v, d, &v);
	}
	if (over || v > max)
		return -ERANGE;
	*ret_value = v;
	return 0;
}

int num_u64(struct span s, uint64_t max, uint64_t *ret_value)
{
	return number(s, 10, max, ret_value);
}

int num_u32(struct span s, uint32_t max, uint32_t *ret_value)
{
	uint64_t v = 0;
	int r = number(s, 10, max, &v);

	if (r == 0)
		*ret_value = (uint32_t)v;
	return r;
}

int num_hex(struct span s, uint64_t max, uint64_t *ret_value)
{
	return number(s, 16, max, ret_value);
}

int num_oct(struct span s, uint64_t max, uint64_t *ret_value)
{
	return number(s, 8, max, ret_value);
}

int num_i64(struct span s, int64_t min, int64_t max, int64_t *ret_value)
{
	bool minus = s.len && s.p[0] == '-';
	uint64_t v = 0;
	int64_t i;
	int r;

	if (minus) {
		s.p++;
		s.len--;
	}
	r = number(s, 10, minus ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, &v);
	if (r < 0)
		return r;
	i = minus ? (int64_t)(0 - v) : (int64_t)v;
	if (i < min || i > max)
		return -ERANGE;
	*ret_value = i;
	return 0;
}

/* "12.345" times 10^@digits; more than @digits digits behind the point are refused */
static int fraction(struct span s, unsigned int digits, uint64_t max, uint64_t *ret_value)
{
	struct span whole, part;
	uint64_t w = 0, f = 0, scale = 1;
	bool point;
	int r;

	whole = span_cut(s, '.', &part, &point);
	for (unsigned int i = 0; i < digits; i++)
		scale *= 10;
	r = number(whole, 10, UINT64_MAX, &w);
	if (r < 0 || (point && part.len > digits))
		return r < 0 ? r : -EINVAL;
	if (point)
		r = number(part, 10, scale, &f);
	if (r < 0)
		return r;
	for (size_t i = part.len; point && i < digits; i++)
		f *= 10;
	if (__builtin_mul_overflow(w, scale, &w) || __builtin_add_overflow(w, f, &w) || w > max)
		return -ERANGE;
	*ret_value = w;
	return 0;
}

int num_milli(struct span s, uint64_t max_milli, uint64_t *ret_milli)
{
	return fraction(s, 3, max_milli, ret_milli);
}

static int byte_shift(struct span unit)
{
	static const struct {
		const char *name;
		int shift;
	} units[] = {
		{"", 0},     {"b", 0},	 {"k", 10},   {"kb", 10},  {"kib", 10},
		{"m", 20},   {"mb", 20}, {"mib", 20}, {"g", 30},   {"gb", 30},
		{"gib", 30}, {"t", 40},	 {"tb", 40},  {"tib", 40},
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (span_eq_nocase(unit, units[i].name))
			return units[i].shift;
	return -EINVAL;
}

int num_bytes(struct span s, uint64_t *ret_bytes)
{
	uint64_t value = 0;
	size_t n = 0;
	int shift, r;

	while (n < s.len && (digit(s.p[n]) < 10 || s.p[n] == '.'))
		n++;
	shift = byte_shift((struct span){s.p + n, s.len - n});
	if (shift < 0)
		return -EINVAL;
	r = number((struct span){s.p, n}, 10, UINT64_MAX, &value);
	if (r == 0) {
		if (value > UINT64_MAX >> shift)
			return -ERANGE;
		*ret_bytes = value << shift;
		return 0;
	}
	if (r == -ERANGE)
		return r;
	r = fraction((struct span){s.p, n}, 3, UINT64_MAX >> shift, &value);
	if (r < 0)
		return r;
	*ret_bytes = (value << shift) / 1000;
	return 0;
}

int num_duration_ms(struct span s, uint64_t *ret_ms)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
	uint64_t total = 0;

	if (!s.len)
		return -EINVAL;
	while (s.len) {
		uint64_t milli = 0, part;
		size_t n = 0, u;
		int r;

		while (n < s.len && (digit(s.p[n]) < 10 || s.p[n] == '.'))
			n++;
		r = num_milli((struct span){s.p, n}, UINT64_MAX, &milli);
		if (r < 0)
			return r;
		s.p += n;
		s.len -= n;
		for (u = 0; u < ARRAY_LEN(units); u++) {
			size_t k = span_of(units[u].name).len;

			if (s.len >= k && span_eq((struct span){s.p, k}, units[u].name)) {
				s.p += k;
				s.len -= k;
				break;
			}
		}
		if (u == ARRAY_LEN(units))
			return -EINVAL;
		if (__builtin_mul_overflow(milli, units[u].ms, &part) ||
		    __builtin_add_overflow(total, part / 1000, &total))
			return -ERANGE;
	}
	*ret_ms = total;
	return 0;
}
