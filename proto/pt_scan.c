/*  pt_scan - judge untrusted msgpack before anything is allocated for it.

    One pass, one byte of type after the other.  The invariant that stops
    bombs and every read past the end: behind each object, those still owed by
    all open containers are no more than the bytes that are left, because each
    takes at least one.  So a container of 2^32 elements in five bytes fails at
    its header, and what msgpack-c allocates later is proportional to the input. */

#include "pt_scan.h"
#include <stdint.h>

enum { S_STACK = 32 };

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
    size_t owed;          /* objects announced and not yet seen, over all levels */
    size_t budget;        /* objects that may still be announced */
    unsigned depth;       /* containers that are open */
    unsigned max_depth;   /* at most S_STACK */
    size_t open[S_STACK]; /* objects left in each open container */
} s_scan_t;

static size_t s_left (const s_scan_t *self)
{
    return (size_t)(self->end - self->at);
}

/*  Reads a big-endian length of `width` bytes. */
static int s_read_len (s_scan_t *self, unsigned width, size_t *out_len)
{
    if (s_left (self) < width)
        return -PT_E_malformed;
    size_t len = 0;
    while (width--)
        len = len << 8 | *self->at++;
    *out_len = len;
    return 0;
}

static int s_skip (s_scan_t *self, size_t len)
{
    if (s_left (self) < len)
        return -PT_E_malformed;
    self->at += len;
    return 0;
}

/*  Skips the bytes of a str or bin whose length takes `width` bytes. */
static int s_skip_bytes (s_scan_t *self, unsigned width)
{
    size_t len;
    int rc = s_read_len (self, width, &len);
    return rc ? rc : s_skip (self, len);
}

/*  Opens a container of `count` times `each` objects: 33 bits at most, so
    neither the product nor the sum overflows. */
static int s_open (s_scan_t *self, size_t count, size_t each)
{
    size_t objects = count * each;
    if (self->depth == self->max_depth || objects > self->budget)
        return -PT_E_malformed;
    self->budget -= objects;
    self->owed += objects;
    self->open[self->depth++] = objects;
    return 0;
}

static int s_open_wide (s_scan_t *self, unsigned width, size_t each)
{
    size_t count;
    int rc = s_read_len (self, width, &count);
    return rc ? rc : s_open (self, count, each);
}

/*  One object: a scalar whole, or the header of a container. */
static int s_scan_object (s_scan_t *self)
{
    uint8_t type = *self->at++;
    if (type <= 0x7f || type >= 0xe0)
        return 0; /* fixint */
    if (type <= 0x8f)
        return s_open (self, type & 0x0f, 2);
    if (type <= 0x9f)
        return s_open (self, type & 0x0f, 1);
    if (type <= 0xbf)
        return s_skip (self, type & 0x1f);
    switch (type) {
    case 0xc0: /* nil */
    case 0xc2: /* false */
    case 0xc3: /* true */
        return 0;
    case 0xc4: /* bin */
    case 0xd9: /* str */
        return s_skip_bytes (self, 1);
    case 0xc5:
    case 0xda:
        return s_skip_bytes (self, 2);
    case 0xc6:
    case 0xdb:
        return s_skip_bytes (self, 4);
    case 0xcc: /* uint */
    case 0xd0: /* int */
        return s_skip (self, 1);
    case 0xcd:
    case 0xd1:
        return s_skip (self, 2);
    case 0xce:
    case 0xd2:
        return s_skip (self, 4);
    case 0xcf:
    case 0xd3:
        return s_skip (self, 8);
    case 0xdc: /* array */
        return s_open_wide (self, 2, 1);
    case 0xdd:
        return s_open_wide (self, 4, 1);
    case 0xde: /* map */
        return s_open_wide (self, 2, 2);
    case 0xdf:
        return s_open_wide (self, 4, 2);
    default: /* ext, float, and the type that is never used */
        return -PT_E_malformed;
    }
}

int pt_scan (const void *bytes, size_t len, unsigned depth, unsigned objects)
{
    if (len == 0 || objects == 0)
        return -PT_E_malformed;
    s_scan_t self;
    self.at = bytes;
    self.end = self.at + len;
    self.owed = 1;
    self.budget = objects - 1;
    self.depth = 0;
    self.max_depth = depth < S_STACK ? depth : S_STACK;
    while (self.owed) {
        self.owed--;
        if (self.depth)
            self.open[self.depth - 1]--;
        int rc = s_scan_object (&self);
        if (rc)
            return rc;
        if (self.owed > s_left (&self))
            return -PT_E_malformed;
        while (self.depth && self.open[self.depth - 1] == 0)
            self.depth--;
    }
    return self.at == self.end ? 0 : -PT_E_malformed;
}
