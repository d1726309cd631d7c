/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"

/** signame_parse() - "SIGTERM", "term", "15", "RTMIN+3". Return: the number, 1 to 64; -EINVAL */
int signame_parse(struct span text);

/** signame_format() - "SIGTERM", "SIGRTMIN+3", or the number as text. Return: @dst */
char *signame_format(char dst[static 16], int signal);
