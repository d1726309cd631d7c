/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/** names_random() - "calm_otter": for containers whose maker gave no name */
void names_random(char *dst, size_t cap);

/** names_check() - [A-Za-z0-9][A-Za-z0-9_.-]* of less than @cap characters. Return: 0; -EINVAL */
int names_check(const char *name, size_t cap);
