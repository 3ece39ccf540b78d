/*  fuzz - the entry of a fuzz target, what it promises, and how it reads its
    input as a script.  libFuzzer finds the entry by this name; for replay.c the
    Makefile renames it to the name of its file. */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/*  What a target promises beyond not crashing. */
#define fuzz_must(holds) fuzz_judge (holds, #holds, __FILE__, __LINE__)
static inline void fuzz_judge (bool holds, const char *promise, const char *file, int line)
{
    if (holds)
        return;
    fprintf (stderr, "%s:%d: broken: %s\n", file, line, promise);
    abort ();
}

/*  Bytes taken from the front; at the end everything is 0. */
typedef struct {
    const uint8_t *at;
    size_t left;
} fuzz_input_t;

static inline uint8_t fuzz_u8 (fuzz_input_t *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static inline uint64_t fuzz_bits (fuzz_input_t *in, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | fuzz_u8 (in);
    return value;
}

/*  A number of a width that the input chooses: small most of the time, with
    the greatest ones in reach. */
static inline uint64_t fuzz_number (fuzz_input_t *in)
{
    uint8_t first = fuzz_u8 (in);
    if (first < 0xf8)
        return first;
    uint64_t value = fuzz_bits (in, 1u << (first & 3));
    return first & 4 ? UINT64_MAX - value : value;
}

/*  At most `max` bytes, and no more than are left, in memory of exactly that
    size so that a read past the end is seen; the caller frees. */
static inline char *fuzz_bytes (fuzz_input_t *in, size_t max, size_t *out_len)
{
    size_t len = max < in->left ? max : in->left;
    char *copy = calloc (len ? len : 1, 1);
    fuzz_must (copy != NULL);
    if (len)
        memcpy (copy, in->at, len);
    in->at += len;
    in->left -= len;
    *out_len = len;
    return copy;
}

/*  The same with a NUL behind it, and none in it. */
static inline char *fuzz_string (fuzz_input_t *in, size_t max)
{
    size_t len;
    char *bytes = fuzz_bytes (in, max, &len);
    char *text = strndup (bytes, len);
    fuzz_must (text != NULL);
    free (bytes);
    return text;
}

#endif
