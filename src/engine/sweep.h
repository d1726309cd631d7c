/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/server.h"

/*
 * Work on whole trees, which takes as long as the medium needs: done by children that get the one
 * directory they work on, so that the engine's loop never waits for it.
 */

/** sweep_now() - if the store has thrown something away, let a child take it apart. Called from the
 * loop after engine_changed() */
void sweep_now(void);

bool sweep_busy(void); /* something is thrown away and takes room yet */

/** sweep_main() - "cleat @sweep": descriptor 3 is the trash. Return: exit status */
int sweep_main(int argc, char **argv);

/** usage_main() - "cleat @usage": descriptor 3 is the store, 4 the file for the answer */
int usage_main(int argc, char **argv);
