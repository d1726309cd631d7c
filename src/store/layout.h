/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/digest.h"
#include "base/err.h"
#include "wire/reference.h"

/*
 * Where things are in the store; the only place that builds its paths. All paths are relative to
 * the store's root directory. Whatever becomes part of a path is a digest, a number or a name that
 * was checked here (moby CVE-2014-9358, CVE-2014-6408: identifiers used as paths).
 */

#define LAYOUT_PATH_CAP 384
#define LAYOUT_NAME_CAP                                                                            \
	251 /* one component with its NUL, and room for durable_write() to add to it */

#define LAYOUT_DIRS(X)                                                                             \
	X(LAYERS, "layers")                                                                        \
	X(IMAGES, "images")                                                                        \
	X(REFS, "refs")                                                                            \
	X(GENERATIONS, "generations")                                                              \
	X(VOLUMES, "volumes")                                                                      \
	X(CONTAINERS, "containers")                                                                \
	X(PARTIAL, "partial")                                                                      \
	X(STAGING, "staging")                                                                      \
	X(TRASH, "trash")

#define X(id, text) LAYOUT_##id,
enum layout_dir { LAYOUT_DIRS(X) LAYOUT_DIR_COUNT };
#undef X

/** layout_dir() - "layers", "images", ... */
const char *layout_dir(enum layout_dir d);

/** layout_path() - <directory>/<name>[/<below>]; @name is one component made or checked by this
 * file, @below may be NULL. Return: @dst */
char *layout_path(char dst[static LAYOUT_PATH_CAP], enum layout_dir d, const char *name,
		  const char *below);

/** layout_object() - the same for an object named by a digest */
char *layout_object(char dst[static LAYOUT_PATH_CAP], enum layout_dir d,
		    const struct digest *digest, const char *below);

/** layout_digest() - back from an object's directory name. Return: 0; -EINVAL not 64 lower-case
 * digits */
int layout_digest(const char *name, struct digest *ret_digest);

/**
 * layout_ref_name() - the file name of a reference: its canonical text with everything outside
 * [A-Za-z0-9._:@-] as %XX. A reference by digest is kept without its tag, which only informs.
 *
 * Return: 0; -ENAMETOOLONG.
 */
int layout_ref_name(char dst[static LAYOUT_NAME_CAP], const struct reference *ref, struct err *e);

/** layout_ref_parse() - back from the file name. Return: 0; -EINVAL the store did not make this
 * name */
int layout_ref_parse(const char *name, struct reference *ret_ref);

/** layout_check_name() - volume names and container IDs: [A-Za-z0-9][A-Za-z0-9_.-]*, at most 128.
 * @what for the message. Return: 0; -EINVAL */
int layout_check_name(const char *what, const char *name, struct err *e);

/** layout_number() - directory name of a generation; layout_number_parse() - back. Return: @dst; 0
 * or -EINVAL */
char *layout_number(char dst[static LAYOUT_NAME_CAP], uint64_t number);
int layout_number_parse(const char *name, uint64_t *ret_number);
