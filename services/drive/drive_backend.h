/*  drive_backend - where bytes are kept, behind a table of functions.

    An upload is bytes that grow; a blob is bytes that never change.  Every
    function may block, is called on threads of a pool, and may be called by
    several at a time for different objects.  Which upload or blob belongs to
    whom is store's to know, never a backend's.

    Errors, all negative: -PT_E_not_found; -PT_E_locked: somebody else has the
    upload open, in this process or another; -PT_E_unavailable: no space, or the
    medium is away, and trying again may help; -PT_E_internal: it is broken. */

#ifndef DRIVE_BACKEND_H
#define DRIVE_BACKEND_H

#include "drive_name.h"

typedef struct drive_backend drive_backend_t;
typedef struct drive_sink drive_sink_t;     /* an upload, opened */
typedef struct drive_source drive_source_t; /* a blob, opened */

typedef struct {
    size_t count;
    uint64_t uploads[LIM_PAGE]; /* 0: that entry is a blob */
    drive_blob_name_t blobs[LIM_PAGE];
} drive_listing_t;

/*  A place in a listing of all that a backend has; all zero is the beginning. */
typedef struct {
    uint32_t folder;
    char after[DRIVE_NAME_BLOB];
    bool is_end;
} drive_place_t;

typedef struct {
    const char *name; /* as drive_usage tells it */
    void (*destroy) (drive_backend_t **self_p);

    /*  How many bytes of an upload are safe; 0 when there is none yet. */
    int (*offset) (drive_backend_t *self, uint64_t upload, uint64_t *out);

    /*  Opens an upload, which is made when it is not there, and cuts off what
        was not safe: `*out_offset` bytes are left. */
    int (*open) (drive_backend_t *self, uint64_t upload, drive_sink_t **out, uint64_t *out_offset);
    int (*write) (drive_sink_t *sink, uint64_t offset, const void *bytes, size_t len);

    /*  Makes the first `offset` bytes safe: a crash of the machine leaves them. */
    int (*mark) (drive_sink_t *sink, uint64_t offset);

    /*  Reads at most `len` bytes; `*out_len` is less only at the end. */
    int (*look) (drive_sink_t *sink, uint64_t offset, void *bytes, size_t len, size_t *out_len);

    /*  Makes all bytes a blob of this name, safe when it returns.  May be repeated,
        also after a crash: the upload stays until `remove`. */
    int (*commit) (drive_sink_t *sink, const drive_blob_name_t *name);

    /*  What was written behind the last mark may be forgotten; accepts NULL. */
    void (*close) (drive_sink_t **sink_p);

    /*  Forgets an upload, and a blob; 0 also when there is none.  `old_before` not
        0: -PT_E_locked for what was touched since, in microseconds since 1970, or
        is open. */
    int (*remove) (drive_backend_t *self, uint64_t upload, int64_t old_before);
    int (*remove_blob) (drive_backend_t *self, const drive_blob_name_t *name, int64_t old_before);

    int (*source) (drive_backend_t *self, const drive_blob_name_t *name, drive_source_t **out);

    /*  Reads `len` bytes; -PT_E_internal when there are not so many. */
    int (*read) (drive_source_t *source, uint64_t offset, void *bytes, size_t len);
    void (*close_source) (drive_source_t **source_p);

    /*  A page of what was not touched since `old_before`; moves the place. */
    int (*list) (drive_backend_t *self, int64_t old_before, drive_place_t *place, drive_listing_t *out);
} drive_backend_ops_t;

/*  The struct comes first in each implementation's own objects. */
struct drive_backend {
    const drive_backend_ops_t *ops;
};
struct drive_sink {
    const drive_backend_ops_t *ops;
};
struct drive_source {
    const drive_backend_ops_t *ops;
};

#endif
