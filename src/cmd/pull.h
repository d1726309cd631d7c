/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/session.h"

/**
 * pull_replies() - show what came of a PULL or LOAD: "name: digest", or an object of the JSON array that the
 * caller began
 *
 * Return: exit status.
 */
int pull_replies(const char *name, bool only_digest);
