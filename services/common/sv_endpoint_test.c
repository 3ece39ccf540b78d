/*  sv_endpoint_test - which bases name a place to meet, and which do not. */

#include "sv_endpoint.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_base_gives_an_endpoint_for_each_role_and_channel (void **state)
{
    (void)state;
    char out[SV_ENDPOINT_LEN];
    assert_int_equal (sv_endpoint ("ipc:///run/a", PT_PEER_chat, SV_PUB, out), 0);
    assert_string_equal (out, "ipc:///run/a/chat.pub");
    assert_int_equal (sv_endpoint ("tcp://127.0.0.2:5000", PT_PEER_gateway, SV_SUB, out), 0);
    assert_string_equal (out, "tcp://127.0.0.2:5005");
}

static void what_is_not_a_path_or_a_loopback_address_is_refused (void **state)
{
    (void)state;
    static const char *const bases[] = {
        "",
        "inproc://a",
        "ipc://a",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65530",
        "tcp://127.0.0.1:5000x",
        "tcp://10.0.0.1:5000",
        "tcp://localhost:5000",
        "tcp:// 127.0.0.1:5000",
        "tcp://\n127.0.0.1:5000",
        "tcp://+127.0.0.1:5000",
        "tcp://127.0.0.256:5000",
        "tcp://127.0.0:5000",
    };
    char out[SV_ENDPOINT_LEN];
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        assert_int_equal (sv_endpoint (bases[i], PT_PEER_chat, SV_REQ, out), -PT_E_invalid);
    assert_int_equal (sv_endpoint ("ipc:///run/a", (pt_peer_t)99, SV_REQ, out), -PT_E_invalid);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_base_gives_an_endpoint_for_each_role_and_channel),
        cmocka_unit_test (what_is_not_a_path_or_a_loopback_address_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
