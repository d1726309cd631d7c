/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "doc/json.h"
#include "oci/spec.h"

/* Shared by the files of the reader; errors are sticky in the document (doc/json.h). */

/** oci_json_array() - room for the elements of an array; NULL and *ret_n = 0 if absent, empty or after an error */
void *oci_json_array(const struct json *v, size_t max, size_t size, size_t *ret_n);
struct oci_num oci_json_num(const struct json *v, int64_t min, int64_t max);
struct oci_strs oci_json_strs(const struct json *v, size_t max);
struct oci_kvs oci_json_kvs(const struct json *v, size_t max);

/** oci_json_refuse() - fail with the member's name if it is there and not empty */
void oci_json_refuse(const struct json *object, const char *const *names, size_t n);

/** oci_json_choice() - index of a string in @names; an error if it is none of them */
size_t oci_json_choice(const struct json *v, const char *const *names, size_t n);

/** oci_json_path() - a string that has to begin with '/' */
char *oci_json_path(const struct json *v);

/** oci_json_word() - the same, @names end with NULL */
size_t oci_json_word(const struct json *v, const char *const *names);

void oci_read_process(const struct json *v, struct oci_process *p);
void oci_read_linux(const struct json *v, struct oci_spec *s);
void oci_read_namespaces(const struct json *lin, struct oci_spec *s); /* and netDevices, intelRdt */
void oci_read_idmaps(const struct json *v, struct oci_idmaps *m);
void oci_read_resources(const struct json *v, struct oci_resources *r);
void oci_read_seccomp(const struct json *v, struct oci_seccomp *s);
