/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"
#include "wire/dbus.h"

/*
 * Properties of a unit: elements of an array of (name, variant). Spec: org.freedesktop.systemd1(5),
 * systemd.resource-control(5).
 */

/** props_begin() - name and type; the value is the caller's to put */
void props_begin(struct buf *b, const char *name, const char *signature);
void props_bool(struct buf *b, const char *name, bool v);
void props_u64(struct buf *b, const char *name, uint64_t v);
void props_str(struct buf *b, const char *name, const char *v);

/** props_resources() - of limits, those that systemd has a property for */
void props_resources(struct buf *b, const struct oci_resources *r);

/**
 * props_annotations() - "org.systemd.property.NAME": a value in GVariant's text form: true, 5, uint64 5, 'text', ['a', 'b'].
 * NAME that ends in "Sec" is meant in seconds, as in unit files
 *
 * Return: 0; -EINVAL a name that is none, another form.
 */
int props_annotations(struct buf *b, const struct oci_kvs *annotations, struct err *e);
