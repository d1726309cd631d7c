/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/digest.h"
#include "base/err.h"

/*
 * Reading an OCI image layout directory (skopeo and umoci "oci:DIR"): oci-layout, index.json,
 * blobs/sha256/<hex>. Somebody else made the directory: every open stays inside it, only regular
 * files are read, the only names used are the two fixed ones and digests. The documents are given
 * to the parse role unread, and whoever reads a blob compares its digest.
 * Spec: OCI image-spec v1.1 "Image Layout".
 */

#define OCI_LAYOUT_MAX_DOCUMENT                                                                    \
	(4 * 1024 * 1024) /* bytes of index.json; containerd's limit for documents is 8 MiB */

/** oci_layout_open() - Return: directory fd; -ENOENT, -ENOTDIR; -EINVAL not an image layout, or
 * another version of it */
int oci_layout_open(const char *path, struct err *e);

/** oci_layout_index() - index.json. Return: fd; -ENOENT; -EFBIG */
int oci_layout_index(int layout_fd, struct err *e);

/** oci_layout_blob() - a blob of exactly @size bytes (UINT64_MAX: any), as its descriptor says.
 * Return: fd; -ENOENT; -EBADMSG another size */
int oci_layout_blob(int layout_fd, const struct digest *digest, uint64_t size, struct err *e);
