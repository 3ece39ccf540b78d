/*  seeds - writes the corpora: samples of the messages by their descriptors,
    and bombs.  `seeds <folder>` fills <folder>/codec and <folder>/envelope. */

#include "pt_codec.h"
#include "pt_envelope.h"
#include "pt_sample.h"
#include <stdio.h>

enum { S_ARENA = 4 << 20, S_STRINGS = 100, S_TRIES = 20, S_SMALL = 300 };

typedef struct {
    const char *name;
    const char *bytes;
    size_t len;
} s_bomb_t;

#define BYTES(literal) (literal), sizeof (literal) - 1
#define DEEP "\x91\x91\x91\x91\x91\x91\x91\x91"

/*  Behind two bytes that choose message 0 and field errors. */
static const s_bomb_t s_bombs[] = {
    {"array_of_4g", BYTES ("\x00\x01\xdd\xff\xff\xff\xff")},
    {"map_of_4g", BYTES ("\x00\x01\xdf\xff\xff\xff\xff")},
    {"str_of_4g", BYTES ("\x00\x01\x81\xdb\xff\xff\xff\xff")},
    {"deep", BYTES ("\x00\x01" DEEP DEEP DEEP DEEP DEEP DEEP "\x01")},
    {"nested_16m", BYTES ("\x00\x01\xdd\x01\x00\x00\x00\xdd\x01\x00\x00\x00\xdd\x01\x00\x00\x00")},
    {"ext", BYTES ("\x00\x01\x81\xa1\x61\xd4\x01\x00")},
    {"float", BYTES ("\x00\x01\x81\xa1\x61\xcb\x00\x00\x00\x00\x00\x00\x00\x00")},
    {"key_not_str", BYTES ("\x00\x01\x81\x01\x01")},
    {"trailing", BYTES ("\x00\x01\x80\xc0")},
};

static void s_write (const char *root, const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[1024];
    snprintf (path, sizeof path, "%s/%s/%s", root, folder, name);
    FILE *file = fopen (path, "wb");
    if (!file || fwrite (bytes, 1, len, file) != len || fclose (file) != 0) {
        perror (path);
        exit (1);
    }
}

/*  Messages of fewer fields are found by mutation. */
enum { S_FIELDS = 3 };

/*  Not of messages that another one contains, which seeds them too. */
static bool s_is_seed (pt_msg_t type)
{
    if (pt_desc (type)->field_count < S_FIELDS)
        return false;
    for (unsigned other = 0; other < PT_MSG_COUNT; other++)
        for (const pt_field_t *field = pt_desc (other)->fields; field->name; field++)
            if ((field->type == PT_T_OBJ || field->type == PT_T_LIST) && field->elem == type)
                return false;
    return true;
}

static void s_write_message (const char *root, pt_msg_t type)
{
    pt_arena_t *arena = pt_arena_new (S_ARENA);
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_FRAME);
    pt_sample_t sample = {.kind = PT_SAMPLE_RANDOM, .state = 42 + type, .budget = S_STRINGS, .arena = arena};
    char *choice = pt_buf_reserve (&buf, 2);
    if (choice) {
        choice[0] = (char)type;
        choice[1] = 1;
        buf.len += 2;
    }
    /*  Random lists may be long: the smallest of a few. */
    size_t best = SIZE_MAX;
    for (int i = 0; i < S_TRIES && best > S_SMALL; i++) {
        buf.len = 2;
        if (pt_encode (&buf, type, pt_sample_message (&sample, type)) == 0 && buf.len < best) {
            best = buf.len;
            s_write (root, "codec", pt_desc (type)->name, buf.at, buf.len);
        }
        pt_arena_reset (arena);
    }
    pt_buf_fini (&buf);
    pt_arena_destroy (&arena);
}

static void s_write_envelope (const char *root, unsigned kind)
{
    pt_envelope_t envelope = {PT_VERSION, (uint8_t)kind, 2,  PT_OP_chat_send, UINT64_C (1) << (8 * kind),
                              30000,      kind * 100,    24, "trace-1"};
    uint8_t bytes[LIM_ENVELOPE];
    char name[32];
    snprintf (name, sizeof name, "kind_%u", kind);
    s_write (root, "envelope", name, bytes, pt_envelope_encode (&envelope, bytes));
}

int main (int argc, char **argv)
{
    if (argc != 2) {
        fprintf (stderr, "usage: seeds FOLDER\n");
        return 2;
    }
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        if (s_is_seed (type))
            s_write_message (argv[1], type);
    for (size_t i = 0; i < sizeof s_bombs / sizeof s_bombs[0]; i++)
        s_write (argv[1], "codec", s_bombs[i].name, s_bombs[i].bytes, s_bombs[i].len);
    for (unsigned kind = PT_KIND_REQUEST; kind <= PT_KIND_DIRECT; kind++)
        s_write_envelope (argv[1], kind);
    s_write (argv[1], "envelope", "wide",
             BYTES ("\xdc\x00\x09\xcc\x01\xcd\x00\x01\x00\x00\x00\x00\x00\x00\xdb\x00\x00\x00\x01x"));
    s_write (argv[1], "envelope", "bomb", BYTES ("\xdd\xff\xff\xff\xff\x01"));
    s_write (argv[1], "envelope", "other_version", BYTES ("\x93\x02\xc0\x81"));
    return 0;
}
