/*  fuzz_dialect - any bytes as the body of a request to a dialect, in each of the ways it may be written.

    It is read or refused; every check of every field ends with a value or a sentence, never with
    both or neither; and what is told of it is one JSON object.
    Covers: services/gateway/dialects/gw_dialect_body.c, services/gateway/dialects/gw_dialect_check.c,
    services/gateway/dialects/gw_dialect_problem.c */

#include "fuzz.h"
#include "gw_dialect_check.h"
#include "gw_parse.h"
#include "pt_codec.h"

#define ARENA (8 * 1024 * 1024)

static const char *const s_types[] = {"application/json", "application/x-www-form-urlencoded",
                                      "multipart/form-data; boundary=x", "text/plain"};

static void s_judge (const gw_dialect_body_t *body, unsigned before, bool is_there)
{
    fuzz_must (!body->is_short && body->faults.count - before <= 1);
    fuzz_must (!is_there || body->faults.count == before);
}

/*  A field that must be there is there or at fault. */
static void s_check_text (gw_dialect_body_t *body, const char *field, const gw_text_rule_t *rule)
{
    unsigned before = body->faults.count;
    pt_str_t text = {NULL, 0};
    bool is_there = gw_dialect_text (body, field, rule, &text);
    s_judge (body, before, is_there);
    fuzz_must (!rule->is_required || is_there || body->faults.count > before);
    fuzz_must (!is_there || (pt_utf8_valid (text.at, text.len) && (rule->may_be_blank || text.len > 0)));
}

static void s_check (gw_dialect_body_t *body, const char *field, bool is_required)
{
    int64_t number = 0;
    uint64_t id = 0;
    bool flag = false;
    pt_ids_t ids = {NULL, 0};
    pt_str_t text;
    unsigned before = body->faults.count;
    s_judge (body, before, gw_dialect_flag (body, field, is_required, &flag));
    before = body->faults.count;
    s_judge (body, before, gw_dialect_integer (body, field, is_required, &number));
    before = body->faults.count;
    bool is_there = gw_dialect_pk (body, field, is_required, &id);
    s_judge (body, before, is_there);
    fuzz_must (!is_there || (id > 0 && id <= LIM_ID));
    before = body->faults.count;
    s_judge (body, before, gw_dialect_pks (body, field, is_required, &ids));
    for (uint32_t i = 0; i < ids.count; i++)
        fuzz_must (ids.at[i] > 0 && ids.at[i] <= LIM_ID);
    before = body->faults.count;
    s_judge (body, before, gw_dialect_uuid (body, field, is_required, &text));
    before = body->faults.count;
    s_judge (body, before, gw_dialect_email (body, field, is_required, &text));
}

static void s_check_told (const gw_dialect_faults_t *faults)
{
    json_error_t error;
    bool is_short;
    pt_buf_t out;
    pt_buf_init (&out, ARENA);
    gw_dialect_faults_write (&out, faults);
    fuzz_must (pt_buf_error (&out) == 0);
    json_t *json = gw_parse (out.at, out.len, &error, &is_short);
    fuzz_must (json_is_object (json) && (json_object_size (json) > 0) == (faults->count > 0));
    json_decref (json);
    pt_buf_fini (&out);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const gw_text_rule_t rules[] = {{.is_required = true},
                                           {.max = 3, .min = 2},
                                           {.is_required = true, .keeps_space = true, .may_be_blank = true},
                                           {.may_be_null = true}};
    fuzz_input_t in = {data, size};
    gw_dialect_body_t body;
    const char *detail = NULL, *type = s_types[fuzz_u8 (&in) % 4];
    size_t len;
    char *bytes = fuzz_bytes (&in, LIM_HTTP_BODY, &len);
    pt_arena_t *arena = pt_arena_new (ARENA);
    fuzz_must (arena != NULL);
    int err = gw_dialect_body_read (&body, type, (pt_str_t){bytes, (uint32_t)len}, "errors", arena, &detail);
    fuzz_must (err == 0 || (err == -PT_E_malformed && detail) || (err == -PT_E_invalid && body.faults.count == 1) ||
               err == -PT_E_unsupported_media);
    fuzz_must (body.count <= GW_DIALECT_FIELDS);
    for (size_t i = 0; err == 0 && i < 4; i++) {
        s_check_text (&body, i % 2 ? "a" : "b", &rules[i]);
        s_check (&body, i % 2 ? "a" : "b", i < 2);
    }
    s_check_told (&body.faults);
    pt_arena_destroy (&arena);
    free (bytes);
    return 0;
}
