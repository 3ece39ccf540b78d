/*  gw_progress_test - every event about a transfer comes once through each broker; a socket hears it once. */

#include "gw_progress.h"
#include "gw_ws_fake.h"

static int s_setup (void **state)
{
    int rc = fake_setup (state);
    gw_progress_t *self = rc == 0 ? gw_progress_new (&fake.gw) : NULL;
    *state = self;
    return self ? 0 : -1;
}

static int s_teardown (void **state)
{
    gw_progress_t *self = *state;
    gw_progress_destroy (&self);
    return fake_teardown (state);
}

/*  The `counter`th event of one drive, which says that so many bytes are safe. */
static void s_hear (uint64_t drive, uint64_t counter, unsigned broker)
{
    const pt_drive_progress_t progress = {
        .account = 3, .transfer = 9, .direction = PT_LIT ("up"), .state = PT_LIT ("running"), .acked = counter};
    const sv_event_t event = {
        .opcode = PT_EV_drive_progress, .msg = &progress, .generation = drive, .counter = counter, .broker = broker};
    fake_hear ('d', &event);
}

static void s_expect (fake_conn_t *client, unsigned acked)
{
    char text[128];
    snprintf (text, sizeof text,
              "{\"ev\":\"drive.progress\",\"transfer\":\"9\",\"direction\":\"up\",\"state\":\"running\",\"acked\":%u}",
              acked);
    fake_expect (client, text);
}

/*  The first three events of a drive, once each; then the client goes. */
static void s_expect_three (fake_conn_t *client)
{
    for (unsigned counter = 1; counter <= 3; counter++)
        s_expect (client, counter);
    fake_expect_none (client);
    fake_close (&client);
}

static fake_conn_t *s_connect (void)
{
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    return client;
}

static void test_an_event_that_comes_through_both_brokers_is_told_once (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect ();
    for (uint64_t counter = 1; counter <= 3; counter++)
        for (unsigned broker = 0; broker < 2; broker++)
            s_hear (100, counter, broker);
    s_expect_three (client);
}

static void test_what_one_broker_brings_late_is_not_told_again (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect ();
    for (unsigned broker = 0; broker < 2; broker++)
        for (uint64_t counter = 1; counter <= 3; counter++)
            s_hear (100, counter, broker);
    s_expect_three (client);
}

static void test_what_one_broker_lost_is_told_from_the_other (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect ();
    s_hear (100, 1, 0);
    s_hear (100, 3, 0);
    s_expect (client, 1);
    s_expect (client, 3);
    for (uint64_t counter = 1; counter <= 3; counter++)
        s_hear (100, counter, 1);
    s_expect (client, 2);
    fake_expect_none (client);
    fake_close (&client);
}

static void test_drives_count_for_themselves (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect ();
    for (unsigned broker = 0; broker < 2; broker++)
        for (uint64_t drive = 100; drive < 132; drive++)
            s_hear (drive, 1, broker);
    for (uint64_t drive = 100; drive < 132; drive++)
        s_expect (client, 1);
    fake_expect_none (client);
    fake_close (&client);
}

static void test_of_one_drive_too_many_the_oldest_is_forgotten (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect ();
    for (uint64_t drive = 100; drive < 133; drive++)
        s_hear (drive, 1, 0);
    for (uint64_t drive = 100; drive < 133; drive++)
        s_expect (client, 1);
    s_hear (132, 1, 1);
    s_hear (101, 1, 1);
    fake_expect_none (client);
    s_hear (100, 1, 1);
    s_expect (client, 1);
    fake_close (&client);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (test_an_event_that_comes_through_both_brokers_is_told_once),
        S_TEST (test_what_one_broker_brings_late_is_not_told_again),
        S_TEST (test_what_one_broker_lost_is_told_from_the_other),
        S_TEST (test_drives_count_for_themselves),
        S_TEST (test_of_one_drive_too_many_the_oldest_is_forgotten),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
