/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of an index's images runs here. A variant is an order within one architecture: what is
 * built for a lower one runs on a higher one, never the other way round.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/auxv.h>

#include "base/buf.h"
#include "image/image.h"

#define PLATFORM_CAP 64

struct image_platform image_host_platform(void)
{
	static char linux_os[] = "linux";
#if defined(__x86_64__)
	static char arch[] = "amd64";
#elif defined(__aarch64__)
	static char arch[] = "arm64";
#elif defined(__arm__)
	static char arch[] = "arm", v6[] = "v6", v7[] = "v7", v8[] = "v8";
	const char *cpu = (const char *)getauxval(AT_PLATFORM); /* "v6l", "v7l", "v8l" */
	char level = cpu && cpu[0] == 'v' ? cpu[1] : '6';

	return (struct image_platform){linux_os, arch, level >= '8' ? v8 : level == '7' ? v7 : v6};
#elif defined(__riscv)
	static char arch[] = "riscv64";
#else
#error "name this architecture as Go does (GOARCH)"
#endif
#if !defined(__arm__)
	return (struct image_platform){linux_os, arch, NULL};
#endif
}

/* names of the same thing; Spec: image-spec "Platform Variants", containerd's normalisation */
static const char *arch_of(const struct image_platform *p)
{
	static const struct {
		const char *alias, *arch;
	} aliases[] = {
		{"x86_64", "amd64"}, {"x86-64", "amd64"}, {"aarch64", "arm64"},
		{"armhf", "arm"},    {"armel", "arm"},
	};

	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (str_eq(p->arch, aliases[i].alias))
			return aliases[i].arch;
	return p->arch;
}

/* Return: level of the variant, 0 if it is none that we can order */
static int level_of(const struct image_platform *p)
{
	const char *arch = arch_of(p), *v = p->variant;

	if (!v && str_eq(arch, "arm"))
		return str_eq(p->arch, "armel") ? 6 : 7;
	if (!v)
		return str_eq(arch, "arm64") ? 8 : 1;
	if (v[0] == 'v')
		v++;
	return v[0] >= '1' && v[0] <= '9' && (!v[1] || v[1] == '.') ? v[0] - '0' : 0;
}

static bool fits(const struct image_platform *p, const struct image_platform *want)
{
	int level = level_of(p);

	return str_eq(p->os, want->os) && str_eq(arch_of(p), arch_of(want)) && level > 0 &&
	       level <= level_of(want);
}

static const char *platform_text(char dst[static PLATFORM_CAP], const struct image_platform *p)
{
	snprintf(dst, PLATFORM_CAP, "%.16s/%.16s%s%.16s", p->os ? p->os : "?",
		 p->arch ? p->arch : "?", p->variant ? "/" : "", p->variant ? p->variant : "");
	return dst;
}

static int nothing_fits(const struct image_doc *index, const struct image_platform *want,
			struct err *e)
{
	char list[160], one[PLATFORM_CAP], wanted[PLATFORM_CAP];
	struct buf b;

	buf_init(&b, list, sizeof(list));
	for (size_t i = 0; i < index->n_manifests && buf_ok(&b); i++)
		if (!index->manifests[i].attestation)
			buf_printf(&b, "%s%s", b.len ? ", " : "",
				   platform_text(one, &index->manifests[i].platform));
	return err_text(e, -ENOENT, "there is no image for %s; there is %s%s",
			platform_text(wanted, want), b.len ? list : "none at all",
			buf_ok(&b) ? "" : " and more");
}

int image_choose(const struct image_doc *index, const struct image_platform *want, struct err *e)
{
	int best = -1, only = -1;
	size_t n = 0;

	for (size_t i = 0; i < index->n_manifests && i < IMAGE_MAX_MANIFESTS; i++) {
		const struct image_descriptor *d = &index->manifests[i];

		if (d->attestation)
			continue;
		n++;
		only = (int)i;
		if (!d->platform.os || !d->platform.arch || !fits(&d->platform, want))
			continue;
		if (best < 0 || level_of(&d->platform) > level_of(&index->manifests[best].platform))
			best = (int)i;
	}
	/* platform is optional in an index; of a single entry the config will tell */
	if (best < 0 && n == 1 && !index->manifests[only].platform.os)
		best = only;
	return best >= 0 ? best : nothing_fits(index, want, e);
}

int image_check_config(const struct image_doc *manifest, const struct image_config *c,
		       const struct image_platform *host, struct err *e)
{
	char image[PLATFORM_CAP], device[PLATFORM_CAP];

	if (manifest->n_layers != c->n_diff_ids)
		return err_text(e, -EBADMSG,
				"the manifest has %zu layers, but the config has %zu diff IDs",
				manifest->n_layers, c->n_diff_ids);
	if (!fits(&c->platform, host))
		return err_text(e, -ENOEXEC, "image is %s, this device is %s",
				platform_text(image, &c->platform), platform_text(device, host));
	return 0;
}
