/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/**
 * copyup() - what a directory of the root holds into the tmpfs that will cover it (mount option "tmpcopyup")
 * @from_fd: the directory, O_PATH
 * @to_fd:   root of the tmpfs, O_PATH
 *
 * Directories, regular files and links with owner and mode; links are copied, never followed; what
 * else there is stays behind. The tmpfs' own size bounds it.
 *
 * Return: 0; -ENOSPC; -ELOOP deeper than 32 directories.
 */
int copyup(int from_fd, int to_fd, struct err *e);
