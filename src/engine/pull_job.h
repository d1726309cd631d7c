/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/access.h"
#include "engine/fetcher.h"
#include "engine/link.h"
#include "engine/pull.h"
#include "engine/pull_cgroup.h"
#include "parse/client.h"
#include "role/role.h"
#include "store/lower.h"
#include "unpack/name.h"
#include "unpack/unpack.h"

/* Inside of the pull job: what the files pull*.c share. */

/* X(symbol, what messages call it) */
#define PULL_STATES(X)                                                                             \
	X(IDLE, "idle")                                                                            \
	X(ACCESS, "reading what is configured for the registry")                                   \
	X(HEAD, "asking for the tag")                                                              \
	X(ROOM, "making room")                                                                     \
	X(ARCHIVE, "reading the archive")                                                          \
	X(FETCH_DOC, "fetching the manifest")                                                      \
	X(PARSE_DOC, "reading the manifest")                                                       \
	X(FETCH_CONFIG, "fetching the configuration")                                              \
	X(PARSE_CONFIG, "reading the configuration")                                               \
	X(VERIFY, "checking the signature")                                                        \
	X(LAYER, "fetching and unpacking a layer")

enum pull_state {
#define X(symbol, name) PULL_##symbol,
	PULL_STATES(X)
#undef X
};

#define PULL_PIPE_BYTES	     (1024 * 1024) /* between two roles; as far as allowed */
#define PULL_MAX_INDEX_DEPTH 3		   /* a layout's index, the image's, one inside it */

struct pull;

/**
 * pull_answer_fn() - a role has spoken
 * @data: what pull_role_watch() was given
 * @type: of its frame, whose payload @d holds until the next one; 0 = it ended, broke its protocol or reports
 *        a failure (inflate, unpack): @e says what
 */
typedef void pull_answer_fn(void *data, uint32_t type, struct dec *d, struct err *e);

typedef void pull_step_fn(struct pull *p);

enum pull_verify_from { FROM_TAG, FROM_REFERRERS, FROM_FALLBACK, FROM_END };

/** struct pull_verify - the search for a signature */
struct pull_verify {
	pull_step_fn *then;
	struct policy_keys keys; /* the image must be signed by all of them */
	size_t key;		 /* which one's turn it is */
	bool image; /* signatures of the platform's manifest; before, of what the tag names */
	enum pull_verify_from from; /* where they are looked for */
	bool listing;		    /* the document under way is such a list */
	enum verify_kind kind;	    /* else it is this */
	struct verify_list list;    /* in the arena; from the end, those that were not tried yet */
	size_t mark;		    /* the arena without it */
	size_t n_seen, n_tried;
	char signature[VERIFY_SIGNATURE_CAP];
	struct err why; /* the last one was no good */
};

/** struct pull_role - a role that works for the job */
struct pull_role {
	struct role_proc proc;
	struct loop_io io;
	pull_answer_fn *answer;
	void *data;
};

/**
 * struct pull_layer - a layer under way
 *
 * First its bytes come: fetch → inflate → unpack. When inflate has them all and the digests are right, it
 * only remains to be written, synced and named, and the bytes of the next one may come.
 */
struct pull_layer {
	struct pull *pull;
	struct pull_role inflate, unpack;
	size_t index;
	char staged[32]; /* "" = nothing staged */
	bool depends;	 /* on layers below: store_layer_name() */
	bool fetched;	 /* the source has given all bytes */
	bool inflated;	 /* and the digests are known */
	bool right;	 /* they are those of manifest and configuration */
	bool unpacked;
	bool sealed;  /* and the unpack role was told to sync */
	bool resumed; /* a partial file had something: if the layer is damaged, that may be why */
	struct digest blob, diff_id;
	uint64_t kept_bytes; /* of the blob: from its partial file */
	uint64_t blob_bytes, unpacked_bytes, tar_bytes;
	bool asked; /* for something of the layers below */
	struct pull_wish {
		char path[UNPACK_PATH_CAP];
		bool dir;
		uint64_t max_bytes;
	} wish;
	struct store_lower lower; /* the copy under way from a layer below */
	struct loop_timer lower_timer;
	struct err fetch_error, inflate_error, unpack_error;
};

struct pull {
	struct pull_env env;
	struct pull_callbacks cb;
	struct reference ref;
	char name[REFERENCE_TEXT_CAP]; /* for messages: the reference, or the directory */
	enum pull_state state;
	int layout_fd;	  /* >= 0: the source is a directory, not a registry */
	char archive[32]; /* staged: the directory is what an archive held, "" = it is not */
	char pick[REFERENCE_TEXT_CAP]; /* which of its images, "" = the only one */
	bool archive_given;	       /* layout_fd is an archive */
	bool docker;		       /* it is a docker-archive: paths instead of digests */
	uint32_t get_id;
	unsigned int depth;
	struct digest want; /* of the document under way; a tag has none */
	bool has_want;
	uint64_t want_bytes;		/* as its descriptor says; 0 = nobody said */
	char want_type[128];		/* likewise; "" */
	struct image_platform platform; /* which image is wanted */
	char platform_mem[IMAGE_PLATFORM_CAP];
	char content_type[128];
	int doc_fd, manifest_fd, config_fd; /* sealed memfds once complete */
	struct access access;		    /* of the registry or mirror */
	char mirrors[REMOTE_MAX_MIRRORS]
		    [REMOTE_MIRROR_CAP]; /* host[:port][/path], asked in this order */
	size_t n_mirrors, endpoint;	 /* of the mirrors; n_mirrors = the registry itself */
	uint64_t rate_bytes_s;
	enum pull_state then; /* after PULL_ACCESS */
	struct digest top;    /* of the first document: what the tag names */
	bool mirrors_known;
	struct pull_role fetch;
	struct loop_io parse_io;
	struct loop_timer parse_timer;
	struct link_watch link; /* while fetch waits for its next attempt */
	struct parse_call parse;
	pull_step_fn *parsed;
	struct pull_verify verify;
	bool parsing;
	struct pull_cgroup cgroup;
	struct pull_layer layer_mem[2];
	struct pull_layer *layer; /* whose bytes come, or none yet */
	struct pull_layer *tail;  /* the one before: has come, is being written; NULL */
	uint64_t image_bytes;	  /* of the archives of layers that are here or have come */
	struct image_doc manifest;
	struct image_config config;
	struct digest layers[IMAGE_MAX_LAYERS]; /* their names in the store, as far as known */
	bool layers_known;			/* or guessed, all of them */
	uint64_t given_bytes, least_bytes, likely_bytes; /* pull_space.c */
	pull_step_fn *space_then;
	struct loop_timer space_timer;
	struct pull_result result;
	struct arena arena; /* models */
	_Alignas(16) uint8_t mem[CONFIG_PULL_MODEL_KIB * 1024];
};

/** pull_fail() - end the job: @e gets the name in front. The job is idle afterwards */
void pull_fail(struct pull *p, const struct err *e);

/** pull_clean_up() - give back all that the job holds outside its own memory, whatever state it is in */
void pull_clean_up(struct pull *p);
void pull_progress(struct pull *p, const char *what, const char *text, uint64_t done_bytes,
		   uint64_t total_bytes);
void pull_access(struct pull *p,
		 enum pull_state then); /* find out about the endpoint, then go on */

/* pull_role.c */
/** pull_role_watch() - of a started role: its frames go to @answer from now on */
int pull_role_watch(struct pull_role *role, struct loop *loop, pull_answer_fn *answer, void *data,
		    struct err *e);
void pull_role_end(struct pull_role *role); /* idempotent */

/** pull_role_error() - "i64 code, str text" of a role's error frame, from the decoder's place on; broken protocol is -EBADMSG */
void pull_role_error(const struct pull_role *role, struct dec *d, struct err *e);
int pull_broken(const struct pull_role *role, struct err *e);

/**
 * pull_unpack_start() - both roles of a layer begin
 * @in_fd:     compressed bytes; borrowed, like the others
 * @split_fd:  -1 = not wanted, like @blob_fd
 * @max_bytes: of the archive, as CONFIG_MAX_IMAGE_MIB says; 0 = what the build allows
 * @inflated:  told of inflate's answer, @unpacked of unpack's, with @l
 */
int pull_unpack_start(struct pull_layer *l, int in_fd, int staging_fd, int split_fd, int blob_fd,
		      uint32_t compression, uint64_t max_bytes, pull_answer_fn *inflated,
		      pull_answer_fn *unpacked, struct err *e);
int pull_unpack_lower_is(struct pull_layer *l, int64_t code, uint64_t bytes);

/* pull_source.c */

/** pull_source_doc() - ask for a document into p->doc_fd; pull_doc_arrived() follows, at once or later */
int pull_source_doc(struct pull *p, enum fetch_kind kind, const char *what, struct err *e);

/** pull_source_layer() - bytes of a layer. @ret_fd: for reading, the caller's; pull_layer_fetched() follows */
int pull_source_layer(struct pull *p, const struct image_descriptor *d, int *ret_fd, struct err *e);

/** pull_source_again() - @e ended what is under way: ask the next mirror, or the registry itself. Return: false all were asked */
bool pull_source_again(struct pull *p, const struct err *e);

/** pull_source_head() - ask what the tag names; pull_head_arrived() follows */
int pull_source_head(struct pull *p, struct err *e);

/** pull_endpoint() - whom to ask now: a mirror and its name for the repository, or the registry itself */
void pull_endpoint(const struct pull *p, char ret_host[static REFERENCE_HOST_CAP],
		   char ret_repository[static REMOTE_MIRROR_CAP + REFERENCE_REPO_CAP]);
void pull_source_close(struct pull *p);

/* pull_doc.c */
void pull_fetch_first(struct pull *p);

/** pull_ask_head() - a tag that was pulled before costs no document if it still names the same. Return: false it was not */
bool pull_ask_head(struct pull *p);
void pull_head_arrived(struct pull *p, const char *digest); /* NULL: not told */
void pull_doc_arrived(struct pull *p);
void pull_doc_drop(struct pull *p); /* idempotent */

/** pull_parse() - the parse role, about p->doc_fd; @then() takes the answer */
int pull_parse(struct pull *p, enum parse_kind kind, const char *name, const char *argument,
	       pull_step_fn *then, struct err *e);

/** pull_check_document() - has p->doc_fd the digest, size and type that p->want* say? Return: 0; -EBADMSG */
int pull_check_document(struct pull *p, struct err *e);

/* pull_verify.c */

/** pull_verify() - @then() once p->manifest.digest or p->top is known to be signed by p->verify.keys; else pull_fail() */
void pull_verify(struct pull *p, pull_step_fn *then);
void pull_verify_begin(struct pull *p); /* from the first place on: another mirror is asked */
void pull_verify_arrived(struct pull *p);
void pull_verify_missing(struct pull *p); /* the registry has no such document */

/* pull_image.c */

/** pull_already_stored() - an image that is here already needs its name only: an unchanged tag costs one document */
bool pull_already_stored(struct pull *p);

/** pull_layer_stored() - the layer whose turn it is; its name goes to p->layers */
bool pull_layer_stored(struct pull *p);
void pull_next_layer(struct pull *p); /* from p->layer->index on; after the last one the image */
int pull_publish(struct pull *p, struct err *e); /* give the image its name */
void pull_finish(struct pull *p);

/* pull_space.c */

/** pull_space_layers() - is there room for the layers that are missing? Then @then(), at once or later, else pull_fail() */
void pull_space_layers(struct pull *p, pull_step_fn *then);
void pull_space_archive(struct pull *p, uint64_t bytes, pull_step_fn *then);

/* pull_archive.c */

/** pull_archive() - layout_fd is an archive: make it a directory, then pull_fetch_first() */
void pull_archive(struct pull *p);

/** pull_pick() - leave in an archive's index what is meant. Return: 0; -ENOENT; -EINVAL */
int pull_pick(struct pull *p, struct image_doc *index, struct err *e);

/** pull_make_manifest() - for a docker-archive, when its layers are stored. Return: 0; -EFBIG */
int pull_make_manifest(struct pull *p, struct buf *ret_manifest, struct err *e);

/* pull_layer.c */
const char *pull_layer_name(const struct pull_layer *l, char dst[static 16]);
int pull_layer_begin(struct pull *p, struct err *e);
void pull_layer_fetched(struct pull *p, uint64_t bytes, uint64_t kept_bytes, const struct err *e);
void pull_layer_drop(
	struct pull_layer *l); /* end its roles, forget all but its index; idempotent */

/* pull_lower.c */

/** pull_lower_asked() - UNPACK_LOWER: copy up, then answer; later if the layer below has no name yet */
void pull_lower_asked(struct pull_layer *l, struct dec *d);
void pull_lower_begin(struct pull_layer *l); /* what was left for later; nothing if nothing was */
void pull_lower_drop(struct pull_layer *l);  /* idempotent */

/* pull_cgroup.c */

/** pull_cgroup_reclaim() - for writing: the file that makes the kernel take back memory. Return: fd; -1 there is none */
int pull_cgroup_reclaim(const struct pull *p);

/** pull_note_peak() - while the roles are there: what memory they have needed at most */
void pull_note_peak(struct pull *p);
