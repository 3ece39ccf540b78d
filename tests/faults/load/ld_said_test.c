/*  What the server says: frames as documented are read, all others refused; and
    the plan, which comes from us. */

#include "ld_plan.h"
#include "ld_said.h"
#include "ld_stats.h"
#include "pt_test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int s_read (ld_said_t *said, const char *text)
{
    return ld_said_read (said, text, strlen (text));
}

static void a_message_is_read (void **state)
{
    (void)state;
    ld_said_t said;
    assert_int_equal (s_read (&said, "{\"ev\":\"message\",\"room\":\"7\",\"seq\":12,\"id\":\"99\",\"kind\":\"message\","
                                     "\"sender\":\"5\",\"send_id\":\"a-1\",\"body\":\"h\\u00e9\",\"at\":\"x\"}"),
                      0);
    assert_int_equal (said.kind, LD_SAID_ITEM);
    assert_true (said.is_message);
    assert_int_equal (said.room, 7);
    assert_int_equal (said.seq, 12);
    assert_int_equal (said.account, 5);
    assert_true (pt_str_eq (said.body, PT_LIT ("h\xc3\xa9")));
    ld_said_fini (&said);
}

static void a_change_of_membership_is_read (void **state)
{
    (void)state;
    ld_said_t said;
    assert_int_equal (
        s_read (&said,
                "{\"ev\":\"member\",\"room\":\"7\",\"seq\":1,\"kind\":\"member\",\"account\":\"5\",\"what\":\"left\"}"),
        0);
    assert_false (said.is_message);
    assert_true (pt_str_eq (said.what, PT_LIT ("left")));
    ld_said_fini (&said);
}

static void answers_are_read (void **state)
{
    (void)state;
    ld_said_t said, item;
    assert_int_equal (
        s_read (&said, "{\"re\":4,\"ok\":{\"head\":9,\"epoch\":1,\"recovered\":true,\"role\":\"member\"}}"), 0);
    assert_int_equal (said.kind, LD_SAID_OK);
    assert_int_equal (said.re, 4);
    assert_int_equal (said.head, 9);
    assert_true (said.recovered);
    ld_said_fini (&said);
    assert_int_equal (s_read (&said, "{\"re\":null,\"error\":{\"code\":\"malformed\",\"detail\":\"x\"}}"), 0);
    assert_int_equal (said.kind, LD_SAID_ERROR);
    assert_false (said.has_re);
    ld_said_fini (&said);
    assert_int_equal (s_read (&said,
                              "{\"re\":1,\"ok\":{\"items\":[{\"room\":\"7\",\"seq\":2,\"kind\":\"message\",\"sender\":"
                              "\"5\",\"send_id\":\"a\",\"body\":\"b\"},{\"room\":\"7\"}],\"more\":false}}"),
                      0);
    assert_int_equal (ld_said_items (&said), 2);
    assert_int_equal (ld_said_item (&said, 0, &item), 0);
    assert_int_equal (item.seq, 2);
    assert_int_equal (ld_said_item (&said, 1, &item), -PT_E_malformed);
    ld_said_fini (&said);
}

static void what_is_not_documented_is_refused (void **state)
{
    (void)state;
    static const char *const frames[] = {
        "",
        "nothing",
        "[]",
        "7",
        "{}",
        "{\"re\":1}",
        "{\"re\":-1,\"ok\":{}}",
        "{\"re\":1.5,\"ok\":{}}",
        "{\"re\":\"1\",\"ok\":{}}",
        "{\"re\":1,\"ok\":[]}",
        "{\"re\":1,\"ok\":{\"seq\":-4}}",
        "{\"re\":1,\"ok\":{\"seq\":9007199254740992}}",
        "{\"re\":1,\"ok\":{\"items\":{}}}",
        "{\"re\":1,\"error\":{}}",
        "{\"re\":1,\"re\":2,\"ok\":{}}",
        "{\"ev\":\"message\"}",
        "{\"ev\":\"message\",\"room\":7,\"seq\":1,\"kind\":\"message\",\"sender\":\"5\",\"send_id\":\"a\",\"body\":"
        "\"b\"}",
        "{\"ev\":\"message\",\"room\":\"7\",\"seq\":0,\"kind\":\"message\",\"sender\":\"5\",\"send_id\":\"a\",\"body\":"
        "\"b\"}",
        "{\"ev\":\"message\",\"room\":\"7x\",\"seq\":1,\"kind\":\"message\",\"sender\":\"5\",\"send_id\":\"a\","
        "\"body\":\"b\"}",
        "{\"ev\":\"message\",\"room\":\"7\",\"seq\":1,\"kind\":\"message\",\"sender\":\"5\",\"body\":\"b\"}",
        "{\"ev\":\"member\",\"room\":\"7\",\"seq\":1,\"kind\":\"member\",\"account\":\"5\"}",
        "{\"ev\":\"lag\",\"room\":\"7\"}",
        "{\"ev\":\"drain\"}",
        "{\"ev\":\"hello\",\"heartbeat_s\":25}",
    };
    ld_said_t said;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        if (s_read (&said, frames[i]) != -PT_E_malformed)
            fail_msg ("taken: %s", frames[i]);
}

/*  A good frame with any one byte changed is read or refused, never more. */
static void a_damaged_frame_does_no_harm (void **state)
{
    (void)state;
    static const char good[] =
        "{\"re\":1,\"ok\":{\"items\":[{\"room\":\"7\",\"seq\":2,\"kind\":\"message\",\"sender\":\"5\","
        "\"send_id\":\"a\",\"body\":\"b\"}],\"more\":false,\"head\":2,\"floor\":0}}";
    static const char bytes[] = {0, '"', '{', '}', '[', ']', '9', '-', '\\', (char)0xff};
    char text[sizeof good];
    for (size_t at = 0; at < sizeof good - 1; at++)
        for (size_t b = 0; b < sizeof bytes; b++) {
            ld_said_t said, item;
            memcpy (text, good, sizeof good);
            text[at] = bytes[b];
            if (ld_said_read (&said, text, sizeof good - 1))
                continue;
            for (size_t i = 0; i < ld_said_items (&said); i++)
                if (!ld_said_item (&said, i, &item))
                    assert_true (item.seq > 0);
            ld_said_fini (&said);
        }
}

/*  ---- plans ----------------------------------------------------------------------- */

static int s_plan (ld_plan_t *plan, const char *text, char fault[LD_FAULT])
{
    char path[] = "/tmp/ld_plan_XXXXXX";
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, text, strlen (text)), (ssize_t)strlen (text));
    close (fd);
    int err = ld_plan_read (plan, path, fault);
    unlink (path);
    return err;
}

#define S_CLIENT "\"clients\":[{\"name\":\"c0\",\"account\":\"5\",\"token\":\"t\",\"rooms\":[\"7\"],\"sends\":true}]"

static void a_plan_is_read_with_its_defaults (void **state)
{
    (void)state;
    ld_plan_t plan, newer;
    char fault[LD_FAULT];
    assert_int_equal (s_plan (&plan, "{\"gateways\":[\"127.0.0.1:8000\"],\"logs\":\"/x\"," S_CLIENT "}", fault), 0);
    assert_int_equal (plan.count, 1);
    assert_int_equal (plan.window, 4);
    assert_int_equal (plan.clients[0].rooms[0], 7);
    assert_int_equal (plan.clients[0].mode, LD_NORMAL);
    assert_int_equal (ntohs (plan.gateways[0].address.sin_port), 8000);
    assert_int_equal (s_plan (&newer,
                              "{\"gateways\":[\"127.0.0.1:8000\"],\"logs\":\"/x\",\"clients\":[{\"name\":\"c0\","
                              "\"account\":\"5\",\"token\":\"fresh\"}]}",
                              fault),
                      0);
    assert_int_equal (ld_plan_take_tokens (&plan, &newer), 1);
    assert_string_equal (plan.clients[0].token, "fresh");
    ld_plan_fini (&plan);
    ld_plan_fini (&newer);
}

static void a_plan_that_can_not_be_is_refused (void **state)
{
    (void)state;
    static const char *const plans[] = {
        "",
        "{}",
        "{\"gateways\":[],\"logs\":\"/x\"," S_CLIENT "}",
        "{\"gateways\":[\"localhost:1\"],\"logs\":\"/x\"," S_CLIENT "}",
        "{\"gateways\":[\"127.0.0.1:70000\"],\"logs\":\"/x\"," S_CLIENT "}",
        "{\"gateways\":[\"127.0.0.1:1\"]," S_CLIENT "}",
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"/x\",\"window\":99," S_CLIENT "}",
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"/x\",\"rate\":\"1\"," S_CLIENT "}",
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"/x\",\"clients\":[]}",
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"/x\",\"clients\":[{\"name\":\"../"
        "c\",\"account\":\"5\",\"token\":\"t\"}]}",
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"/"
        "x\",\"clients\":[{\"name\":\"c\",\"account\":\"x\",\"token\":\"t\"}]}",
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"/"
        "x\",\"clients\":[{\"name\":\"c\",\"account\":\"5\",\"token\":\"a\\r\\nb\"}]}",
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"/"
        "x\",\"clients\":[{\"name\":\"c\",\"account\":\"5\",\"token\":\"t\","
        "\"mode\":\"odd\"}]}",
    };
    ld_plan_t plan;
    char fault[LD_FAULT];
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        if (s_plan (&plan, plans[i], fault) != -PT_E_invalid)
            fail_msg ("taken: %s", plans[i]);
}

static void quantiles_are_within_an_eighth (void **state)
{
    (void)state;
    ld_times_t times = {0};
    assert_int_equal (ld_times_quantile (&times, 500), 0);
    for (uint64_t us = 1; us <= 100000; us++)
        ld_times_add (&times, us);
    assert_in_range (ld_times_quantile (&times, 500), 50000, 57000);
    assert_in_range (ld_times_quantile (&times, 990), 99000, 112000);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_message_is_read),
        cmocka_unit_test (a_change_of_membership_is_read),
        cmocka_unit_test (answers_are_read),
        cmocka_unit_test (what_is_not_documented_is_refused),
        cmocka_unit_test (a_damaged_frame_does_no_harm),
        cmocka_unit_test (a_plan_is_read_with_its_defaults),
        cmocka_unit_test (a_plan_that_can_not_be_is_refused),
        cmocka_unit_test (quantiles_are_within_an_eighth),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
