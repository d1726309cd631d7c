/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * fake_sys.c takes the place of src/sys/ in a test: a file system in memory that can fail any call, lose its
 * power at any call, and forget what was not synced. Linked into the tests that tests/unit/Kbuild lists
 * under fake-y. It has what files need (fd.h); a test that needs more of sys/ runs on the kernel.
 */

/** fake_reset() - an empty file system; no failures; everything that was open is closed */
void fake_reset(void);

/** fake_fail() - the @n-th call from now on (1 = the next one) fails with @code and has no effect; 0 = none */
void fake_fail(unsigned int n, int code);

/** fake_power_off() - the @n-th call from now on and all later ones fail with -EIO and have no effect; 0 = none */
void fake_power_off(unsigned int n);

/** fake_calls() - calls since fake_reset() or the last fake_fail()/fake_power_off(); closing does not count */
unsigned int fake_calls(void);

/** fake_open_fds() - descriptors that are open: a leak is a number that grew */
unsigned int fake_open_fds(void);

/** fake_trace() - names of the calls since the last fake_fail()/fake_power_off(): "open write fsync rename fsync-dir " */
const char *fake_trace(void);

/* What a power cut leaves. Names: a journalling file system keeps all up to its last commit, a simple
 * one keeps of the changes since only those of directories that were synced themselves. Content that was not
 * synced: all of it is there, or nothing of it. */
enum fake_loss {
	FAKE_KEEP_ALL,		/* the kernel had written everything */
	FAKE_LOSE_CONTENT,	/* all names, but only synced content */
	FAKE_KEEP_SYNCED,	/* only what was synced, names by directory */
	FAKE_KEEP_SYNCED_NAMES, /* the same names, but all content */
	FAKE_LOSS_COUNT,
};

/** fake_power_on() - after fake_power_off(): the file system as after a reboot; nothing is open, no lock is held */
void fake_power_on(enum fake_loss loss);

/** fake_corrupt() - change one byte in the middle of the file at the absolute @path */
bool fake_corrupt(const char *path);

/** fake_count() - objects in the directory at the absolute @path; -1 there is none */
int fake_count(const char *path);
