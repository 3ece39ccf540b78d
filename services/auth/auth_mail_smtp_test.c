/*  auth_mail_smtp_test - mails through a real server of another make, with and
    without TLS, and what its refusals mean. */

#include "auth_mail_smtp.h"
#include "child.h"
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000
#define PYTHON "/usr/bin/python3"
#define SERVER "tests/fakes/smtp.py"
#define SENDER "parley@example.org"

typedef struct {
    char dir[64], log[96], certificate[96], key[96], url[64];
    pid_t server;
    sv_loop_t *loop;
    sv_timer_t *end;
    auth_mail_smtp_t *smtp;
    pt_buf_t text;
    /*  What the last mail came to. */
    bool is_done;
    auth_mail_fate_t fate;
    long response;
} s_test_t;

/*  ---- a certificate of our own making -------------------------------------------- */

static X509 *s_sign (EVP_PKEY *key)
{
    X509 *x509 = X509_new ();
    X509_NAME *name = X509_get_subject_name (x509);
    X509_set_version (x509, X509_VERSION_3);
    ASN1_INTEGER_set (X509_get_serialNumber (x509), 1);
    X509_gmtime_adj (X509_getm_notBefore (x509), -3600);
    X509_gmtime_adj (X509_getm_notAfter (x509), 3600);
    X509_set_pubkey (x509, key);
    X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name (x509, name);
    X509_EXTENSION *names = X509V3_EXT_conf_nid (NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext (x509, names, -1);
    X509_EXTENSION_free (names);
    assert_true (X509_sign (x509, key, EVP_sha256 ()) > 0);
    return x509;
}

static void s_make_certificate (s_test_t *test)
{
    EVP_PKEY *key = EVP_EC_gen ("P-256");
    X509 *x509 = s_sign (key);
    FILE *file = fopen (test->key, "w");
    assert_non_null (file);
    assert_int_equal (PEM_write_PrivateKey (file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose (file);
    file = fopen (test->certificate, "w");
    assert_non_null (file);
    assert_int_equal (PEM_write_X509 (file, x509), 1);
    fclose (file);
    X509_free (x509);
    EVP_PKEY_free (key);
}

/*  ---- the server -------------------------------------------------------------------- */

/*  Listens first, so that nobody has to wait for the server to come up. */
static void s_serve (s_test_t *test, const char *mode, const char *user, const char *password)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    char number[16];
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (fd, 16), 0);
    assert_int_equal (getsockname (fd, (struct sockaddr *)&address, &len), 0);
    snprintf (number, sizeof number, "%d", fd);
    snprintf (test->url, sizeof test->url, "%s://localhost:%u", strcmp (mode, "tls") == 0 ? "smtps" : "smtp",
              ntohs (address.sin_port));
    const char *const args[] = {SERVER, number, mode, test->certificate, test->key, user, password, NULL};
    test->server = child_start (PYTHON, args, test->log);
    close (fd);
}

static void s_connect (s_test_t *test, const auth_mail_smtp_config_t *config)
{
    auth_why_t why;
    int err = 0;
    auth_mail_smtp_config_t copy = *config;
    copy.url = test->url;
    test->smtp = auth_mail_smtp_new (test->loop, &copy, 2, &err, &why);
    assert_non_null (test->smtp);
}

static void s_on_sent (void *arg, auth_mail_fate_t fate, long response, const char *why)
{
    s_test_t *test = arg;
    assert_non_null (why);
    test->is_done = true;
    test->fate = fate;
    test->response = response;
    sv_loop_stop (test->loop);
}

static void s_send (s_test_t *test, const char *to)
{
    test->is_done = false;
    assert_int_equal (auth_mail_smtp_send (test->smtp, SENDER, to, &test->text, s_on_sent, test), 0);
    assert_int_equal (sv_loop_run (test->loop), 0);
    assert_true (test->is_done);
}

/*  What the server printed. */
static const char *s_read_log (const s_test_t *test)
{
    static char text[16384];
    FILE *file = fopen (test->log, "r");
    assert_non_null (file);
    text[fread (text, 1, sizeof text - 1, file)] = '\0';
    fclose (file);
    return text;
}

static void s_on_end (void *arg)
{
    s_test_t *test = arg;
    sv_loop_stop (test->loop);
}

static int s_open (void **state)
{
    s_test_t *test = calloc (1, sizeof *test);
    snprintf (test->dir, sizeof test->dir, "/tmp/parley-smtp-XXXXXX");
    if (!mkdtemp (test->dir))
        return -1;
    snprintf (test->log, sizeof test->log, "%s/log", test->dir);
    snprintf (test->key, sizeof test->key, "%s/key", test->dir);
    snprintf (test->certificate, sizeof test->certificate, "%s/certificate", test->dir);
    s_make_certificate (test);
    test->loop = sv_zloop_new ();
    test->end = sv_loop_timer (test->loop, WAIT_MS, 0, s_on_end, test);
    pt_buf_init (&test->text, 4096);
    pt_buf_puts (&test->text, "From: a@example.org\r\nSubject: x\r\n\r\nfirst\r\n.\r\n.. last\r\n");
    *state = test;
    return 0;
}

static int s_close (void **state)
{
    s_test_t *test = *state;
    auth_mail_smtp_destroy (&test->smtp);
    sv_timer_cancel (test->loop, &test->end);
    sv_loop_destroy (&test->loop);
    child_end (&test->server, SIGKILL, 0);
    pt_buf_fini (&test->text);
    unlink (test->log);
    unlink (test->key);
    unlink (test->certificate);
    int rc = rmdir (test->dir);
    free (test);
    return rc;
}

/*  ---- tests -------------------------------------------------------------------------- */

static void s_a_mail_arrives_as_it_was (void **state)
{
    s_test_t *test = *state;
    s_serve (test, "plain", NULL, NULL);
    s_connect (test, &(auth_mail_smtp_config_t){0});
    s_send (test, "ann@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_SENT);
    const char *log = s_read_log (test);
    assert_non_null (strstr (log, "\"from\": \"" SENDER "\", \"to\": [\"ann@example.org\"]"));
    assert_non_null (strstr (log, "\\r\\n\\r\\nfirst\\r\\n.\\r\\n.. last\\r\\n\""));
}

static void s_refusals_are_told_apart (void **state)
{
    s_test_t *test = *state;
    s_serve (test, "plain", NULL, NULL);
    s_connect (test, &(auth_mail_smtp_config_t){0});
    s_send (test, "refused@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_NEVER);
    assert_int_equal (test->response, 550);
    s_send (test, "later@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_LATER);
    assert_int_equal (test->response, 451);
    s_send (test, "ann@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_SENT);
}

static void s_starttls_carries_the_password (void **state)
{
    s_test_t *test = *state;
    s_serve (test, "starttls", "parley", "a word");
    s_connect (test, &(auth_mail_smtp_config_t){
                         .user = "parley", .password = "a word", .ca_file = test->certificate, .needs_tls = true});
    s_send (test, "ann@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_SENT);
    assert_non_null (strstr (s_read_log (test), "\"tls\": true, \"user\": \"parley\""));
}

static void s_smtps_is_in_tls_from_the_start (void **state)
{
    s_test_t *test = *state;
    s_serve (test, "tls", NULL, NULL);
    s_connect (test, &(auth_mail_smtp_config_t){.ca_file = test->certificate});
    s_send (test, "ann@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_SENT);
    assert_non_null (strstr (s_read_log (test), "\"tls\": true"));
}

static void s_a_server_that_nobody_vouches_for_gets_nothing (void **state)
{
    static const char *const modes[] = {"starttls", "tls"};
    s_test_t *test = *state;
    for (size_t i = 0; i < 2; i++) {
        s_serve (test, modes[i], NULL, NULL);
        s_connect (test, &(auth_mail_smtp_config_t){.needs_tls = true});
        s_send (test, "ann@example.org");
        assert_int_equal (test->fate, AUTH_MAIL_LATER);
        assert_null (strstr (s_read_log (test), "ann@example.org"));
        auth_mail_smtp_destroy (&test->smtp);
        child_end (&test->server, SIGKILL, 0);
    }
}

static void s_nothing_is_sent_in_the_clear_where_tls_is_needed (void **state)
{
    s_test_t *test = *state;
    s_serve (test, "plain", NULL, NULL);
    s_connect (test, &(auth_mail_smtp_config_t){.user = "parley", .password = "a word", .needs_tls = true});
    s_send (test, "ann@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_LATER);
    assert_null (strstr (s_read_log (test), "ann@example.org"));
}

/*  Ways to this machine that do not say so: any other server looks the same. */
static void s_who_is_not_plainly_on_this_machine_needs_tls (void **state)
{
    static const char *const hosts[] = {"127.localhost", "0.0.0.0"};
    s_test_t *test = *state;
    s_serve (test, "plain", NULL, NULL);
    char port[16];
    snprintf (port, sizeof port, "%s", strrchr (test->url, ':') + 1);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        snprintf (test->url, sizeof test->url, "smtp://%s:%s", hosts[i], port);
        s_connect (test, &(auth_mail_smtp_config_t){0});
        s_send (test, "ann@example.org");
        assert_int_equal (test->fate, AUTH_MAIL_LATER);
        assert_true (test->response > 0); /* it was there */
        assert_null (strstr (s_read_log (test), "ann@example.org"));
        auth_mail_smtp_destroy (&test->smtp);
    }
}

static void s_a_wrong_password_may_be_put_right (void **state)
{
    s_test_t *test = *state;
    s_serve (test, "starttls", "parley", "a word");
    s_connect (test, &(auth_mail_smtp_config_t){
                         .user = "parley", .password = "another", .ca_file = test->certificate, .needs_tls = true});
    s_send (test, "ann@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_LATER);
}

static void s_who_does_not_listen_may_later (void **state)
{
    s_test_t *test = *state;
    snprintf (test->url, sizeof test->url, "smtp://localhost:1");
    s_connect (test, &(auth_mail_smtp_config_t){0});
    s_send (test, "ann@example.org");
    assert_int_equal (test->fate, AUTH_MAIL_LATER);
    assert_int_equal (test->response, 0);
}

static void s_mails_at_a_time_are_bounded (void **state)
{
    s_test_t *test = *state;
    s_serve (test, "plain", NULL, NULL);
    s_connect (test, &(auth_mail_smtp_config_t){0});
    for (int i = 0; i < 3; i++)
        assert_int_equal (auth_mail_smtp_send (test->smtp, SENDER, "ann@example.org", &test->text, s_on_sent, test),
                          i < 2 ? 0 : -PT_E_busy);
    auth_mail_smtp_destroy (&test->smtp); /* with two under way */
    assert_false (test->is_done);
}

static void s_urls_are_judged (void **state)
{
    s_test_t *test = *state;
    static const struct {
        const char *url;
        bool is_ok;
    } cases[] = {
        {"smtp://mail.example.org", true},
        {"smtps://mail.example.org:465", true},
        {"smtp://127.0.0.1:25", true},
        {"smtp://[::1]:25", true},
        {"", false},
        {"mail.example.org", false},
        {"http://mail.example.org", false},
        {"file:///etc/passwd", false},
        {"smtp://", false},
        {"smtp://user:SECRET@mail.example.org", false},
        {"smtp://SECRET@mail.example.org", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const auth_mail_smtp_config_t config = {.url = cases[i].url};
        auth_why_t why = {""};
        int err = 0;
        auth_mail_smtp_t *smtp = auth_mail_smtp_new (test->loop, &config, 2, &err, &why);
        if ((smtp != NULL) != cases[i].is_ok || (!smtp && (err != -PT_E_invalid || strstr (why.text, "SECRET"))))
            fail_msg ("%s: %s", cases[i].url, why.text);
        auth_mail_smtp_destroy (&smtp);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown (fn, s_open, s_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (s_a_mail_arrives_as_it_was),
        TEST (s_refusals_are_told_apart),
        TEST (s_starttls_carries_the_password),
        TEST (s_smtps_is_in_tls_from_the_start),
        TEST (s_a_server_that_nobody_vouches_for_gets_nothing),
        TEST (s_nothing_is_sent_in_the_clear_where_tls_is_needed),
        TEST (s_who_is_not_plainly_on_this_machine_needs_tls),
        TEST (s_a_wrong_password_may_be_put_right),
        TEST (s_who_does_not_listen_may_later),
        TEST (s_mails_at_a_time_are_bounded),
        TEST (s_urls_are_judged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
