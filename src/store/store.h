/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/codec.h"
#include "base/err.h"
#include "image/image.h"
#include "store/layout.h"
#include "wire/reference.h"

/*
 * What is on disk: layers, images, refs, generations, volumes, containers
 * (docs/internals/store.md). One process holds the store's lock. Durable objects appear by rename
 * and are whole or absent.
 */

#define STORE_MAX_BAD 32

struct store {
	int root_fd, lock_fd;
	char root_path[256];
	bool defer;   /* set before store_open(): what is thrown away waits for store_sweep() */
	bool trashed; /* something waits */
	struct digest bad[STORE_MAX_BAD]; /* layers and images that are to be replaced */
	size_t n_bad;
};

/** store_open() - make missing directories (0700), take the lock, throw away what staging/ holds.
 * Return: 0; -EBUSY, -EAGAIN held by another process (its pid is named); -EROFS; -ENOSPC */
int store_open(struct store *s, const char *root_path, struct err *e);
void store_close(struct store *s);

/** store_lock_briefly() - note that the lock will be given back soon: store_open() of others returns -EAGAIN, not -EBUSY */
void store_lock_briefly(struct store *s);

/** store_trash() - the directory of what was thrown away: nothing in it is needed or named. Return:
 * fd, for store_sweep() in a process of its own */
int store_trash(const struct store *s, struct err *e);

/** store_sweep() - empty it; blocks for as long as the file system takes to forget trees */
int store_sweep(int trash_fd, struct err *e);

/* layers */

/**
 * store_layer_name() - what layers/ calls a layer whose tree depends on the layers below it
 * @below: their names, lowest first
 *
 * Any other layer is called by its diff ID. One that has copied something up (store/lower.h), or looked
 * whether it could, is another tree over other layers: by its diff ID alone, one image could put a file
 * into another.
 */
void store_layer_name(const struct digest *below, size_t n_below, const struct digest *diff_id,
		      struct digest *ret_name);

/* from here on @layer is such a name, or a diff ID */
bool store_layer_exists(const struct store *s, const struct digest *layer);

/** store_layer_begin() - new empty staging directory. @ret_name: its name below staging/, for
 * commit. Return: directory fd */
int store_layer_begin(struct store *s, char ret_name[static 32], struct err *e);

#define STORE_LAYER_SPLIT "split" /* what its archive has beside the tree: unpack/split.h */
#define STORE_LAYER_BLOB  "blob"  /* as it was fetched: CONFIG_STORE_BLOBS */

/** store_layer_file() - a new file of a staged layer, one of the two above. Return: fd; -errno */
int store_layer_file(struct store *s, const char *staged_name, const char *name, struct err *e);

/**
 * store_partial_open() - what an earlier pull has got of a blob, to read and to append to
 * @blob_bytes: of the whole; older partial files make room for it
 *
 * Return: fd; -EFBIG larger than CONFIG_PARTIAL_MAX_MIB, without a text; -errno.
 */
int store_partial_open(struct store *s, const struct digest *blob, uint64_t blob_bytes,
		       struct err *e);
void store_partial_remove(struct store *s, const struct digest *blob); /* idempotent */

/** store_partial_sweep() - remove those that nobody has written to for @max_age_s, and empty ones; adds to *@ret_freed_bytes */
int store_partial_sweep(struct store *s, int64_t max_age_s, uint64_t *ret_freed_bytes,
			struct err *e);

/** struct store_layer_meta - what the store knows of a layer beside its tree */
struct store_layer_meta {
	uint64_t unpacked_bytes; /* content of files */
	uint64_t tar_bytes;	 /* of its archive; 0 = not known: of an older version */
	bool has_blob, has_tree;
	struct digest blob; /* of the file STORE_LAYER_BLOB */
	struct digest tree; /* what store_layer_check() compares; store_layer_commit() finds out */
};

/**
 * store_layer_seal() - write down what the store is to know of a complete staged layer
 *
 * Whoever calls this sees to one syncfs of the store's file system before store_layer_commit(): it makes the whole layer
 * durable, and takes long.
 */
int store_layer_seal(struct store *s, const char *staged_name, const struct store_layer_meta *meta,
		     struct err *e);

/** store_layer_commit() - of a sealed and synced layer: rename to layers/<layer>; if it exists already the staged one
 * is dropped, on a failure too. Return: 0; -ENOSPC; -EIO */
int store_layer_commit(struct store *s, const char *staged_name, const struct digest *layer,
		       struct err *e);
int store_layer_meta(const struct store *s, const struct digest *layer,
		     struct store_layer_meta *ret_meta, struct err *e);

/** store_layer_each() - names in layers/, also such as the store has not made */
typedef int store_name_fn(const char *name, void *data);
int store_layer_each(const struct store *s, store_name_fn *fn, void *data, struct err *e);

/** store_layer_check() - is the tree what it was, apart from the content of its files? And the blob? Reads all of it.
 * Return: 0, also for a layer of a version that kept nothing to compare with; -EBADMSG; -errno */
int store_layer_check(const struct store *s, const struct digest *layer, struct err *e);

/** store_layer_part() - open one of a layer's files for reading. Return: fd; -ENOENT it has none */
int store_layer_part(const struct store *s, const struct digest *layer, const char *name,
		     struct err *e);

/**
 * store_layer_opaque() - hide what lower layers hold in directory @path of a staged layer
 * (UNPACK_OPAQUE)
 * @path: relative to the layer's tree, from the unpack role; resolved inside the tree whatever it
 * says
 *
 * A path that is no directory any more (a later entry replaced it) is success.
 * Return: 0; -EOPNOTSUPP the file system has no trusted.* attributes; -errno.
 */
int store_layer_opaque(struct store *s, const char *staged_name, const char *path, struct err *e);
void store_layer_abort(struct store *s, const char *staged_name);
int store_layer_open(const struct store *s, const struct digest *layer,
		     struct err *e); /* O_PATH fd of its tree */

/* images: named by the manifest's digest */
struct store_image {
	struct image_doc manifest;
	struct image_config config;
	/* names in layers/ (store_layer_name()), config.n_diff_ids; NULL for store_image_put(): the
	 * diff IDs */
	const struct digest *layers;
};

/** store_image_put() - raw bytes and models, durable; all layers must exist. Return: 0; -ENOENT a
 * layer is missing */
int store_image_put(struct store *s, struct span manifest_json, struct span config_json,
		    const struct store_image *img, struct err *e);
int store_image_get(const struct store *s, const struct digest *manifest, struct arena *a,
		    struct store_image *ret_image, struct err *e);

/** store_image_raw() - fd of the raw "manifest" or "config" document */
int store_image_raw(const struct store *s, const struct digest *manifest, const char *which,
		    struct err *e);

/**
 * store_image_set_signed(), store_image_signed() - note, and ask, that its signature by a key was good
 * @key: fingerprint; the last few are kept
 *
 * Return: 0; -errno.
 */
int store_image_set_signed(struct store *s, const struct digest *manifest, const struct digest *key,
			   struct err *e);
bool store_image_signed(const struct store *s, const struct digest *manifest,
			const struct digest *key);

/** store_image_bytes() - sum of unpacked layer sizes */
uint64_t store_image_bytes(const struct store *s, const struct store_image *img);

bool store_image_exists(const struct store *s, const struct digest *manifest);
typedef int store_image_fn(const struct digest *manifest, void *data);
int store_image_each(const struct store *s, store_image_fn *fn, void *data,
		     struct err *e); /* stops at fn's non-zero result and returns it */

/* refs: name → manifest digest */
int store_ref_set(struct store *s, const struct reference *ref, const struct digest *manifest,
		  struct err *e);
int store_ref_get(const struct store *s, const struct reference *ref, struct digest *ret_manifest,
		  struct err *e); /* -ENOENT */

/**
 * store_ref_set_top(), store_ref_top() - the same, and the digest of the document that a tag named when it was
 * pulled: an index, or the manifest itself. A tag that still names it is unchanged
 */
int store_ref_set_top(struct store *s, const struct reference *ref, const struct digest *manifest,
		      const struct digest *top, struct err *e);
int store_ref_top(const struct store *s, const struct reference *ref, struct digest *ret_manifest,
		  struct digest *ret_top); /* -ENOENT not known */
int store_ref_delete(struct store *s, const struct reference *ref, struct err *e);
typedef int store_ref_fn(const struct reference *ref, const struct digest *manifest, int64_t set_s,
			 void *data);
int store_ref_each(const struct store *s, store_ref_fn *fn, void *data,
		   struct err *e); /* stops at fn's non-zero result and returns it */

/** store_find() - by name, or by unique prefix (>= 4 digits) of image ID or manifest digest.
 * Return: 0; -ENOENT; -EEXIST ambiguous */
int store_find(const struct store *s, const char *text, struct digest *ret_manifest, struct err *e);

/** struct store_keep - what is needed though no reference or image names it */
struct store_keep {
	const struct digest *images; /* manifests */
	size_t n_images;
	const struct digest *layers; /* diff IDs: of an image that is on its way */
	size_t n_layers;
	/* what nobody needs, but a pull that is tried again finds: younger than so many seconds it stays */
	int64_t layer_age_s, partial_age_s;
};

#define STORE_AGE_S (7 * 86400) /* who has not asked again by then will not */

/** store_gc() - remove images that no ref and no @keep names, layers that no image names, old
 * generations, and partial files. @ret_freed_bytes: content of the layers. Return: 0; -errno */
int store_gc(struct store *s, const struct store_keep *keep, uint64_t *ret_freed_bytes,
	     struct err *e);

/** struct store_shares - what images take: each layer counts once */
struct store_shares {
	uint64_t bytes, unused_bytes; /* all layers; those that no image of @used has */
	size_t layers;
};

/** store_image_shares() - @used: images that something needs. Return: 0; -errno */
int store_image_shares(struct store *s, const struct digest *used, size_t n_used,
		       struct store_shares *ret_shares, struct err *e);

/** store_usage() - blocks of containers, volumes and what is under way. Reads every directory: for a
 * process of its own. Return: 0; -errno */
typedef void store_usage_fn(enum layout_dir d, const char *name, uint64_t bytes, uint64_t log_bytes,
			    void *data);
int store_usage(const struct store *s, store_usage_fn *fn, void *data, struct err *e);

/** store_fsck() - structure of all objects, models against raw bytes, layers present. Calls @report
 * per finding. Return: number of findings; -errno */
typedef void store_report_fn(enum layout_dir d, const char *name, const char *what, void *data);
int store_fsck(struct store *s, store_report_fn *report, void *data, struct err *e);

/**
 * store_replace() - a layer, or an image by its manifest's digest, is damaged: from now on it cannot be opened, until
 * another one of its name is committed or put, which takes its place. For the life of @s, or until s->n_bad is set to 0
 *
 * Return: false STORE_MAX_BAD are marked already
 */
bool store_replace(struct store *s, const struct digest *d);

/** store_discard() - throw away what store_fsck() has found. Return: 0; -errno */
int store_discard(struct store *s, enum layout_dir d, const char *name, struct err *e);

/* volumes: volumes/<name>/_data */

bool store_volume_exists(const struct store *s, const char *name);

/**
 * store_volume_begin() - a new volume that nobody sees before store_volume_commit()
 * @ret_staged: for commit and abort
 *
 * Return: fd of its empty data directory. What is written there must be synced before the commit.
 */
int store_volume_begin(struct store *s, char ret_staged[static 32], struct err *e);
int store_volume_commit(struct store *s, const char *staged, const char *name,
			struct err *e); /* -EEXIST; aborts on failure */
void store_volume_abort(struct store *s, const char *staged);

/** store_volume_ensure() - an empty one unless it exists. Return: O_PATH fd */
int store_volume_ensure(struct store *s, const char *name, bool *ret_created, struct err *e);
int store_volume_remove(struct store *s, const char *name, struct err *e);
int store_volume_each(const struct store *s, store_name_fn *fn, void *data, struct err *e);

/* containers/<id>/{upper,work,log}: a container's own writable state. Return: fd of containers/<id>
 */
int store_container_create(struct store *s, const char *id, struct err *e);
int store_container_open(const struct store *s, const char *id, struct err *e);
int store_container_remove(struct store *s, const char *id, struct err *e);
int store_container_each(const struct store *s, store_name_fn *fn, void *data, struct err *e);

/* generations: the encoded manifest with resolved digests; current and previous are symlinks */
int store_generation_put(struct store *s, struct span yaml, struct span encoded,
			 uint64_t *ret_number, struct err *e);
int store_generation_activate(struct store *s, uint64_t number,
			      struct err *e); /* current → previous, number → current */
int store_generation_current(const struct store *s, uint64_t *ret_number,
			     struct err *e); /* -ENOENT none yet */
int store_generation_previous(const struct store *s, uint64_t *ret_number,
			      struct err *e); /* -ENOENT */
ssize_t store_generation_read(const struct store *s, uint64_t number, void *buf, size_t cap,
			      struct err *e);
