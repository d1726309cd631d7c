/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/server.h"

/*
 * Work on whole trees, which takes as long as the medium needs: done by children that get the one
 * directory they work on, so that the engine's loop never waits for it.
 */

#define SWEEP_FD_WORK	3
#define SWEEP_FD_ANSWER 4

/** sweep_spawn() - "cleat NAME" with two descriptors, borrowed. Return: 0, then @done() is called; -errno */
int sweep_spawn(const char *name, int work_fd, int answer_fd, struct loop_child *child,
		loop_child_fn *done, struct err *e);

/** sweep_now() - if the store has thrown something away, let a child take it apart. Called from the
 * loop after engine_changed() */
void sweep_now(void);

bool sweep_busy(void); /* something is thrown away and takes room yet */

/** sweep_main() - "cleat @sweep": descriptor 3 is the trash. Return: exit status */
int sweep_main(int argc, char **argv);

/** sums_main() - "cleat @sums": descriptor 3 is the store, 4 the file for the layers that have changed (fsck.c) */
int sums_main(int argc, char **argv);

/** usage_main() - "cleat @usage": descriptor 3 is the store, 4 the file for the answer */
int usage_main(int argc, char **argv);
