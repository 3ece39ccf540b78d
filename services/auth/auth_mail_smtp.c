/*  auth_mail_smtp - mails through a server.

    The password and the mail itself go to the server alone: libcurl's own log
    goes nowhere, and of its errors only the number and its constant sentence leave
    here. */

#include "auth_mail_smtp.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_ADDRESS_MAX 300

struct auth_mail_smtp {
    sv_curl_t *curl;
    auth_mail_smtp_config_t config;
    bool is_local;
    struct s_send *sends;
};

typedef struct s_send {
    const pt_buf_t *text;
    size_t done;
    struct curl_slist *to;
    auth_mail_sent_fn *fn;
    void *arg;
    struct s_send *next, **link;
} s_send_t;

/*  ---- the server's name --------------------------------------------------------- */

/*  A name may begin with 127 too, and lead anywhere. */
static bool s_is_local (const char *host)
{
    struct in_addr address;
    if (inet_pton (AF_INET, host, &address) == 1)
        return ntohl (address.s_addr) >> 24 == IN_LOOPBACKNET;
    return strcmp (host, "localhost") == 0 || strcmp (host, "[::1]") == 0;
}

/*  Whether there is such a part; given to the caller to curl_free. */
static bool s_part (CURLU *url, CURLUPart part, char **out)
{
    *out = NULL;
    return curl_url_get (url, part, out, 0) == CURLUE_OK;
}

/*  What is wrong with the URL, NULL when nothing is. */
static const char *s_judge_url (CURLU *url, const char *text, bool *out_is_local)
{
    char *scheme, *host, *user;
    const char *fault = NULL;
    if (curl_url_set (url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return "not a URL";
    bool has_scheme = s_part (url, CURLUPART_SCHEME, &scheme);
    if (!has_scheme || (strcmp (scheme, "smtp") != 0 && strcmp (scheme, "smtps") != 0))
        fault = "not smtp:// or smtps://";
    if (!s_part (url, CURLUPART_HOST, &host) || !*host)
        fault = "no host";
    else
        *out_is_local = s_is_local (host) && (!has_scheme || strcmp (scheme, "smtps") != 0);
    if (s_part (url, CURLUPART_USER, &user))
        fault = "user and password have settings of their own";
    curl_free (scheme);
    curl_free (host);
    curl_free (user);
    return fault;
}

static int s_check_url (auth_mail_smtp_t *self, auth_why_t *why)
{
    CURLU *url = curl_url ();
    if (!url)
        return -PT_E_memory;
    const char *fault = s_judge_url (url, self->config.url, &self->is_local);
    curl_url_cleanup (url);
    if (fault)
        auth_why (why, "smtp-url: %s", fault);
    return fault ? -PT_E_invalid : 0;
}

auth_mail_smtp_t *auth_mail_smtp_new (sv_loop_t *loop, const auth_mail_smtp_config_t *config, unsigned most,
                                      int *out_err, auth_why_t *why)
{
    *out_err = -PT_E_memory;
    auth_why (why, "out of memory");
    auth_mail_smtp_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->curl = sv_curl_new (loop, most);
    if (!self->curl || (*out_err = s_check_url (self, why)) != 0)
        auth_mail_smtp_destroy (&self);
    return self;
}

/*  ---- sending --------------------------------------------------------------------- */

static void s_free_send (s_send_t *send)
{
    *send->link = send->next;
    if (send->next)
        send->next->link = send->link;
    curl_slist_free_all (send->to);
    free (send);
}

void auth_mail_smtp_destroy (auth_mail_smtp_t **self_p)
{
    auth_mail_smtp_t *self = *self_p;
    if (!self)
        return;
    sv_curl_destroy (&self->curl);
    for (s_send_t *send = self->sends, *next; send; send = next) {
        next = send->next;
        s_free_send (send);
    }
    free (self);
    *self_p = NULL;
}

/*  550 to 556 are about this mail or its reader; all else may pass: the server's
    load, our way there, or how we sign in. */
static auth_mail_fate_t s_judge (const sv_curl_result_t *result)
{
    if (result->code == CURLE_OK)
        return AUTH_MAIL_SENT;
    bool is_refused = result->response >= 550 && result->response <= 556 && result->code != CURLE_LOGIN_DENIED;
    return is_refused ? AUTH_MAIL_NEVER : AUTH_MAIL_LATER;
}

static void s_on_end (void *arg, const sv_curl_result_t *result)
{
    s_send_t *send = arg;
    auth_mail_sent_fn *fn = send->fn;
    void *fn_arg = send->arg;
    s_free_send (send);
    fn (fn_arg, s_judge (result), result->response, result->text);
}

static size_t s_on_read (char *out, size_t size, size_t count, void *arg)
{
    s_send_t *send = arg;
    size_t left = send->text->len - send->done, room = size * count;
    size_t len = left < room ? left : room;
    memcpy (out, send->text->at + send->done, len);
    send->done += len;
    return len;
}

/*  An empty option is left as libcurl has it. */
static bool s_set_text (CURL *handle, CURLoption option, const char *text)
{
    return !text || !*text || curl_easy_setopt (handle, option, text) == CURLE_OK;
}

static bool s_prepare (const auth_mail_smtp_t *self, CURL *handle, const char *from, s_send_t *send)
{
    const auth_mail_smtp_config_t *config = &self->config;
    long tls = self->is_local && !config->needs_tls ? CURLUSESSL_NONE : CURLUSESSL_ALL;
    return s_set_text (handle, CURLOPT_MAIL_FROM, from) && s_set_text (handle, CURLOPT_USERNAME, config->user) &&
           s_set_text (handle, CURLOPT_PASSWORD, config->password) &&
           s_set_text (handle, CURLOPT_CAINFO, config->ca_file) &&
           curl_easy_setopt (handle, CURLOPT_MAIL_RCPT, send->to) == CURLE_OK &&
           curl_easy_setopt (handle, CURLOPT_USE_SSL, tls) == CURLE_OK &&
           curl_easy_setopt (handle, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt (handle, CURLOPT_READFUNCTION, s_on_read) == CURLE_OK &&
           curl_easy_setopt (handle, CURLOPT_READDATA, send) == CURLE_OK;
}

static s_send_t *s_make_send (auth_mail_smtp_t *self, const char *to, const pt_buf_t *text)
{
    char recipient[S_ADDRESS_MAX];
    s_send_t *send = calloc (1, sizeof *send);
    if (!send)
        return NULL;
    snprintf (recipient, sizeof recipient, "<%s>", to);
    send->text = text;
    send->to = curl_slist_append (NULL, recipient);
    send->next = self->sends;
    send->link = &self->sends;
    if (send->next)
        send->next->link = &send->next;
    self->sends = send;
    if (!send->to) {
        s_free_send (send);
        return NULL;
    }
    return send;
}

int auth_mail_smtp_send (auth_mail_smtp_t *self, const char *from, const char *to, const pt_buf_t *text,
                         auth_mail_sent_fn *fn, void *arg)
{
    char sender[S_ADDRESS_MAX];
    snprintf (sender, sizeof sender, "<%s>", from);
    s_send_t *send = s_make_send (self, to, text);
    if (!send)
        return -PT_E_memory;
    send->fn = fn;
    send->arg = arg;
    CURL *handle = sv_curl_open (self->config.url, "smtp,smtps", AUTH_MAIL_SMTP_MS);
    int rc = -PT_E_memory;
    if (handle && s_prepare (self, handle, sender, send))
        rc = sv_curl_start (self->curl, &handle, s_on_end, send);
    if (handle)
        curl_easy_cleanup (handle);
    if (rc != 0)
        s_free_send (send);
    return rc;
}
