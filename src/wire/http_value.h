/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/str.h"

/* Values of header lines that are more than a word. All are untrusted; none is ever kept as text. */

#define HTTP_TOTAL_UNKNOWN UINT64_MAX

/** struct http_range - "bytes 5-9/10" */
struct http_range {
	uint64_t first, last;
	uint64_t total; /* HTTP_TOTAL_UNKNOWN for "*" */
};

/** http_content_range() - Return: 0; -EINVAL malformed, another unit, or a range that cannot be. Spec: RFC 9110, 14.4 */
int http_content_range(struct span value, struct http_range *ret_range);

/**
 * http_upload_range() - "0-1023", what a registry has of an upload; also "bytes=0-1023"
 * @ret_bytes: 1024 here
 *
 * "0-0" is told of no byte and of one: it counts as none, so whoever believes it must send the first byte anew.
 *
 * Return: 0; -EINVAL malformed, or not from the beginning. Spec: OCI distribution-spec v1.1 "Pushing a blob in chunks".
 */
int http_upload_range(struct span value, uint64_t *ret_bytes);

/**
 * http_date() - the three forms of a date
 * @ret_s: seconds since 1970
 *
 * Names of days are not looked at. Two digits of a year mean 1970 to 2069.
 *
 * Return: 0; -EINVAL. Spec: RFC 9110, 5.6.7.
 */
int http_date(struct span value, int64_t *ret_s);

/** struct http_rate - "100;w=21600": so many requests in a window of seconds; 0 = not told */
struct http_rate {
	uint32_t n, window_s;
};

/** http_rate() - Return: 0; -EINVAL. Spec: draft-polli-ratelimit-headers, as registries send it */
int http_rate(struct span value, struct http_rate *ret_rate);
