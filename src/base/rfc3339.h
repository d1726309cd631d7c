/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/str.h"

#define RFC3339_CAP 40

/** rfc3339_format() - UTC with nine digits of fraction and 'Z', as Docker's json-file writes. Return: @dst */
char *rfc3339_format(char dst[static RFC3339_CAP], int64_t s, uint32_t ns);

/** rfc3339_parse() - with optional fraction, 'Z' or ±hh:mm. Return: 0; -EINVAL. Spec: RFC 3339, 5.6 */
int rfc3339_parse(struct span text, int64_t *ret_s, uint32_t *ret_ns);

/** civil_to_days()/days_to_civil() - proleptic Gregorian days since 1970-01-01 */
int64_t civil_to_days(int64_t year, unsigned int month, unsigned int day);
void days_to_civil(int64_t days, int64_t *ret_year, unsigned int *ret_month, unsigned int *ret_day);
