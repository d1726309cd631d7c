/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of an index's images runs here. A variant is an order within one architecture: what is
 * built for a lower one runs on a higher one, never the other way round.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "image/image.h"

/* names of the same thing; Spec: image-spec "Platform Variants", containerd's normalisation */
static const char *arch_of(const struct image_platform *p)
{
	static const struct {
		const char *alias, *arch;
	} aliases[] = {
		{"x86_64", "amd64"}, {"x86-64", "amd64"}, {"aarch64", "arm64"},
		{"armhf", "arm"},    {"armel", "arm"},	  {"i386", "386"},
	};

	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (str_eq(p->arch, aliases[i].alias))
			return aliases[i].arch;
	return p->arch;
}

#define LEVEL(major) ((major) << 8)

/* Return: order of the variant within its architecture ("v8.2" above "v8"); -1 it has none */
static int level_of(const struct image_platform *p)
{
	const char *arch = arch_of(p), *v = p->variant;
	uint32_t major, minor = 0;
	struct span rest, head;
	bool dot;

	if (!v && str_eq(arch, "arm"))
		return LEVEL(str_eq(p->arch, "armel") ? 6 : 7);
	if (!v)
		return LEVEL(str_eq(arch, "arm64") ? 8 : 1);
	head = span_cut(span_of(v + (v[0] == 'v')), '.', &rest, &dot);
	if (num_u32(head, 99, &major) < 0 || (dot && num_u32(rest, 99, &minor) < 0))
		return -1;
	return (int)(LEVEL(major) | minor);
}

#define NATIVE 0x10000

/* Return: 0 does not fit; else the higher the better */
static int rank(const struct image_platform *p, const struct image_platform *want)
{
	static const struct {
		const char *arch, *sibling;
		int max;
	} siblings[] = {{"arm64", "arm", LEVEL(8)}, {"amd64", "386", LEVEL(1)}};
	int level, max = level_of(want);

	if (!p->os || !p->arch || !str_eq(p->os, want->os))
		return 0;
	level = level_of(p);
	if (str_eq(arch_of(p), arch_of(want))) {
		if (level < 0 || max < 0)
			return p->variant && want->variant && str_eq(p->variant, want->variant)
				       ? NATIVE
				       : 0;
		return level <= max ? NATIVE | level : 0;
	}
	for (size_t i = 0; want->compat && i < ARRAY_LEN(siblings); i++)
		if (str_eq(arch_of(want), siblings[i].arch) &&
		    str_eq(arch_of(p), siblings[i].sibling) && level <= siblings[i].max)
			return level > 0 ? level : 0;
	return 0;
}

char *image_platform_text(char dst[static IMAGE_PLATFORM_CAP], const struct image_platform *p)
{
	struct buf b;

	buf_init(&b, dst, IMAGE_PLATFORM_CAP);
	buf_printf(&b, "%.16s/%.16s%s%.16s", p->os ? p->os : "?", p->arch ? p->arch : "?",
		   p->variant ? "/" : "", p->variant ? p->variant : "");
	return dst;
}

int image_platform_parse(const char *text, char mem[static IMAGE_PLATFORM_CAP],
			 struct image_platform *ret, struct err *e)
{
	static char linux_os[] = "linux";
	char *part[3] = {NULL};
	size_t n = 0;

	if (str_copy(mem, IMAGE_PLATFORM_CAP, text) <= 0 ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-/") != strlen(text))
		goto bad;
	for (char *p = mem; p; n++) {
		if (n == ARRAY_LEN(part))
			goto bad;
		part[n] = p;
		p = strchr(p, '/');
		if (p)
			*p++ = '\0';
		if (!part[n][0])
			goto bad;
	}
	if (n == 1) {
		part[1] = part[0];
		part[0] = linux_os;
	}
	if (!str_eq(part[0], linux_os))
		return err_text(e, -ENOTSUP, "platform %.64s: images of %.16s do not run here",
				text, part[0]);
	*ret = (struct image_platform){part[0], part[1], part[2], false};
	return 0;
bad:
	return err_text(e, -EINVAL,
			"\"%.64s\" is no platform: write linux/arm64, linux/arm/v7, linux/amd64",
			text);
}

static int nothing_fits(const struct image_doc *index, const struct image_platform *want,
			struct err *e)
{
	char list[128], one[IMAGE_PLATFORM_CAP], wanted[IMAGE_PLATFORM_CAP];
	size_t skipped = 0;
	struct buf b;

	buf_init(&b, list, sizeof(list));
	for (size_t i = 0; i < index->n_manifests && buf_ok(&b); i++) {
		skipped += index->manifests[i].attestation;
		if (!index->manifests[i].attestation)
			buf_printf(&b, "%s%s", b.len ? ", " : "",
				   image_platform_text(one, &index->manifests[i].platform));
	}
	return err_text(e, -ENOENT, "there is no image for %s; there is %s%s",
			image_platform_text(wanted, want),
			b.len	  ? list
			: skipped ? "none at all, only attestations or artifacts"
				  : "none at all",
			buf_ok(&b) ? "" : " and more");
}

int image_choose(const struct image_doc *index, const struct image_platform *want, struct err *e)
{
	int best = -1, best_rank = 0, inner = -1, only = -1;
	size_t n = 0;

	for (size_t i = 0; i < index->n_manifests && i < IMAGE_MAX_MANIFESTS; i++) {
		const struct image_descriptor *d = &index->manifests[i];
		int r = d->attestation ? 0 : rank(&d->platform, want);

		if (image_is_index(d)) {
			if (inner < 0 && (r || !d->platform.os) && !d->attestation)
				inner = (int)i;
			continue;
		}
		if (r > best_rank) {
			best_rank = r;
			best = (int)i;
		}
		n += !d->attestation;
		if (!d->attestation && !d->platform.os)
			only = (int)i;
	}
	if (best < 0)
		best = inner >= 0 ? inner : n == 1 ? only : -1;
	return best >= 0 ? best : nothing_fits(index, want, e);
}

bool image_platform_fits(const struct image_platform *p, const struct image_platform *want)
{
	struct image_platform like = *p;

	/* many configurations of arm images leave the variant out that their index names */
	if (!like.variant && str_eq(arch_of(p), arch_of(want)))
		like.variant = want->variant;
	return rank(&like, want) > 0;
}

int image_check_config(const struct image_doc *manifest, const struct image_config *c,
		       const struct image_platform *want, struct err *e)
{
	char image[IMAGE_PLATFORM_CAP], wanted[IMAGE_PLATFORM_CAP];

	if (manifest->n_layers != c->n_diff_ids)
		return err_text(e, -EBADMSG,
				"the manifest has %zu layers, but the config has %zu diff IDs",
				manifest->n_layers, c->n_diff_ids);
	if (!image_platform_fits(&c->platform, want))
		return err_text(e, -ENOEXEC, "the image is for %s, wanted is one for %s",
				image_platform_text(image, &c->platform),
				image_platform_text(wanted, want));
	return 0;
}
