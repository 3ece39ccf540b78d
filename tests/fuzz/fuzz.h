/*  fuzz - the entry of a fuzz target.  libFuzzer finds it by this name; for
    replay.c the Makefile renames it to the name of its file. */

#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#endif
