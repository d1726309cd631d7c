/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* Numbers as people read them, in docker's words. */

#define HUMAN_CAP 40

/** human_size() - decimal multiples, three digits: "0B", "1.45kB", "133MB". Return: @dst */
char *human_size(char dst[static HUMAN_CAP], uint64_t bytes);

/** human_duration() - "Less than a second", "5 minutes", "About an hour", "3 weeks". Return: @dst */
char *human_duration(char dst[static HUMAN_CAP], int64_t seconds);
