/*  auth_mail - the outbox: mails that wait in store are taken, written, and sent. */

#include "auth_mail.h"
#include "auth_mail_folder.h"
#include "auth_mail_key.h"
#include "auth_mail_text.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

/*  Bytes of one mail. */
#define S_TEXT_MAX (16 * 1024)

/*  Bytes of the unique word of a Message-ID. */
#define S_WORD_LEN 16

typedef struct {
    auth_mail_t *self;
    bool is_open;
    uint64_t id, tries;
    pt_mail_kind_t kind;
    char to[LIM_EMAIL + 1];
    pt_buf_t text;
} s_job_t;

struct auth_mail {
    auth_t *auth;
    auth_mail_from_t from;
    char *dir;              /* NULL: the server */
    auth_mail_smtp_t *smtp; /* NULL: the folder */
    s_job_t jobs[LIM_MAILS];
    unsigned open;    /* jobs under way */
    unsigned batches; /* left of this round */
    bool was_full;
    uint64_t call; /* of taking, 0: none */
    int status;
    auth_mail_done_fn *fn;
    void *arg;
};

/*  ---- the round -------------------------------------------------------------- */

static void s_take (auth_mail_t *self);

/*  Goes on when all jobs of a batch have ended. */
static void s_go_on (auth_mail_t *self)
{
    if (self->open > 0 || self->call != 0 || !self->fn)
        return;
    if (self->status == 0 && self->was_full && self->batches > 0) {
        s_take (self);
        return;
    }
    auth_mail_done_fn *fn = self->fn;
    self->fn = NULL;
    fn (self->arg, self->status);
}

static void s_end_job (s_job_t *job)
{
    auth_mail_t *self = job->self;
    if (job->text.at)
        sodium_memzero (job->text.at, job->text.cap);
    pt_buf_fini (&job->text);
    job->is_open = false;
    self->open--;
    s_go_on (self);
}

static void s_on_told (void *arg, const sv_reply_t *reply)
{
    s_job_t *job = arg;
    if (reply->status != 0)
        sv_log (job->self->auth->log, SV_WARN, NULL,
                "store was not told of a mail, which may go out again id=%" PRIu64 " error=%s", job->id,
                pt_error_name (reply->status));
    s_end_job (job);
}

/*  Tells store what became of a mail, for good. */
static void s_tell (s_job_t *job, bool is_sent)
{
    auth_t *auth = job->self->auth;
    const pt_mail_done_t done = {.id = job->id, .sent = is_sent};
    sv_call_t call = {
        .opcode = PT_OP_store_mail_done, .msg = &done, .deadline_ms = (uint32_t)auth->config->store_deadline_ms};
    if (sv_bus_call (auth->bus, &call, s_on_told, job, NULL) == 0)
        s_end_job (job);
}

/*  ---- one mail ---------------------------------------------------------------------- */

static void s_on_sent (void *arg, auth_mail_fate_t fate, long response, const char *why)
{
    s_job_t *job = arg;
    auth_t *auth = job->self->auth;
    if (fate == AUTH_MAIL_LATER && job->tries + 1 >= AUTH_MAIL_TRIES)
        fate = AUTH_MAIL_NEVER;
    sv_metric_add (auth->metrics.mails[fate], 1);
    if (fate == AUTH_MAIL_SENT)
        sv_log (auth->log, SV_INFO, NULL, "a mail was sent id=%" PRIu64, job->id);
    else
        sv_log (auth->log, SV_WARN, NULL,
                "a mail was not sent id=%" PRIu64 " tries=%" PRIu64 " response=%ld again=%s: %s", job->id,
                job->tries + 1, response, fate == AUTH_MAIL_LATER ? "yes" : "no", why);
    if (fate == AUTH_MAIL_LATER)
        s_end_job (job);
    else
        s_tell (job, fate == AUTH_MAIL_SENT);
}

/*  The same for every try, and for nobody to guess. */
static void s_make_word (const auth_t *auth, uint64_t id, char out[2 * S_WORD_LEN + 1])
{
    uint8_t mac[AUTH_MAC_LEN];
    char number[8];
    const pt_str_t part = auth_secret_number (id, number);
    auth_secret_mac (auth->secret, "message-id", &part, 1, mac);
    sodium_bin2hex (out, 2 * S_WORD_LEN + 1, mac, S_WORD_LEN);
}

static int s_write (s_job_t *job, const pt_mail_t *mail)
{
    auth_mail_t *self = job->self;
    const auth_t *auth = self->auth;
    char word[2 * S_WORD_LEN + 1];
    auth_mail_key_t key = {""};
    auth_mail_key_make (auth->secret, mail->kind, mail->id, &key);
    s_make_word (auth, mail->id, word);
    const auth_mail_letter_t letter = {.kind = mail->kind,
                                       .dialect = mail->dialect,
                                       .to = mail->email,
                                       .name = mail->has_name ? mail->name : PT_LIT (""),
                                       .key = key.text,
                                       .id = word,
                                       .url = auth->config->public_url,
                                       .from = &self->from,
                                       .at_us = sv_wall_us ()};
    int rc = auth_mail_text_write (&letter, self->smtp != NULL, &job->text);
    sodium_memzero (&key, sizeof key);
    return rc;
}

static void s_send (s_job_t *job)
{
    auth_mail_t *self = job->self;
    if (!self->smtp) {
        int rc = auth_mail_folder_put (self->dir, job->id, job->kind, &job->text);
        s_on_sent (job, rc == 0 ? AUTH_MAIL_SENT : AUTH_MAIL_LATER, 0, rc == 0 ? "" : strerror (errno));
        return;
    }
    int rc = auth_mail_smtp_send (self->smtp, self->from.address, job->to, &job->text, s_on_sent, job);
    if (rc != 0)
        s_on_sent (job, AUTH_MAIL_LATER, 0, pt_error_title (rc));
}

static void s_begin (auth_mail_t *self, s_job_t *job, const pt_mail_t *mail)
{
    *job = (s_job_t){.self = self, .is_open = true, .id = mail->id, .tries = mail->tries, .kind = mail->kind};
    self->open++;
    pt_buf_init (&job->text, S_TEXT_MAX);
    snprintf (job->to, sizeof job->to, "%.*s", (int)mail->email.len, mail->email.at);
    int rc = s_write (job, mail);
    if (mail->expires_at <= sv_wall_us ())
        s_on_sent (job, AUTH_MAIL_NEVER, 0, "its key has expired");
    else if (rc == 0)
        s_send (job);
    else
        s_on_sent (job, rc == -PT_E_invalid ? AUTH_MAIL_NEVER : AUTH_MAIL_LATER, 0, pt_error_title (rc));
}

/*  Jobs may end at once: the batch counts as one more until all were begun. */
static void s_begin_all (auth_mail_t *self, const pt_mail_batch_t *batch)
{
    self->was_full = batch->items.count == LIM_MAILS;
    self->open++;
    for (uint32_t i = 0; i < batch->items.count && i < LIM_MAILS; i++)
        s_begin (self, &self->jobs[i], &batch->items.at[i]);
    self->open--;
}

static void s_on_taken (void *arg, const sv_reply_t *reply)
{
    auth_mail_t *self = arg;
    self->call = 0;
    self->status = reply->status;
    if (reply->status == 0)
        s_begin_all (self, reply->msg);
    s_go_on (self);
}

static void s_take (auth_mail_t *self)
{
    auth_t *auth = self->auth;
    const pt_mail_take_t take = {.limit = LIM_MAILS, .lease_ms = AUTH_MAIL_LEASE_MS};
    sv_call_t call = {
        .opcode = PT_OP_store_mail_take, .msg = &take, .deadline_ms = (uint32_t)auth->config->store_deadline_ms};
    self->batches--;
    self->was_full = false;
    self->call = sv_bus_call (auth->bus, &call, s_on_taken, self, &self->status);
    if (self->call == 0)
        s_go_on (self);
}

void auth_mail_work (auth_mail_t *self, auth_mail_done_fn *fn, void *arg)
{
    self->fn = fn;
    self->arg = arg;
    self->status = 0;
    self->batches = AUTH_MAIL_BATCHES;
    s_take (self);
}

void auth_mail_stop (auth_mail_t *self)
{
    self->fn = NULL;
    sv_bus_cancel (self->auth->bus, self->call);
    self->call = 0;
}

bool auth_mail_is_idle (const auth_mail_t *self)
{
    return self->open == 0;
}

/*  ---- life ---------------------------------------------------------------------------- */

static int s_open_folder (auth_mail_t *self)
{
    const auth_config_t *config = self->auth->config;
    if (config->mail_dir)
        self->dir = strdup (config->mail_dir);
    else if (asprintf (&self->dir, "%s/mail", config->state_dir ? config->state_dir : ".") < 0)
        self->dir = NULL;
    return self->dir ? 0 : -PT_E_memory;
}

static int s_open_smtp (auth_mail_t *self, sv_loop_t *loop, auth_why_t *why)
{
    const auth_config_t *config = self->auth->config;
    const auth_mail_smtp_config_t smtp = {.url = config->smtp_url,
                                          .user = config->smtp_user,
                                          .password = config->smtp_password,
                                          .ca_file = config->smtp_ca_file,
                                          .needs_tls = strcmp (config->smtp_tls, "required") == 0};
    int rc = 0;
    self->smtp = auth_mail_smtp_new (loop, &smtp, LIM_MAILS, &rc, why);
    return rc;
}

static int s_open (auth_mail_t *self, sv_loop_t *loop, auth_why_t *why)
{
    const auth_config_t *config = self->auth->config;
    auth_why (why, "out of memory");
    if (auth_mail_text_from (config->mail_from, &self->from) != 0) {
        auth_why (why, "mail-from: neither an address nor `Name <address>`");
        return -PT_E_invalid;
    }
    if (!auth_mail_text_is_url (config->public_url)) {
        auth_why (why, "public-url: not an http:// or https:// URL that links can begin with");
        return -PT_E_invalid;
    }
    return config->smtp_url ? s_open_smtp (self, loop, why) : s_open_folder (self);
}

auth_mail_t *auth_mail_new (auth_t *auth, sv_loop_t *loop, int *out_err, auth_why_t *why)
{
    auth_mail_t *self = calloc (1, sizeof *self);
    if (!self) {
        *out_err = -PT_E_memory;
        return NULL;
    }
    self->auth = auth;
    *out_err = s_open (self, loop, why);
    if (*out_err != 0)
        auth_mail_destroy (&self);
    return self;
}

void auth_mail_destroy (auth_mail_t **self_p)
{
    auth_mail_t *self = *self_p;
    if (!self)
        return;
    auth_mail_smtp_destroy (&self->smtp);
    for (unsigned i = 0; i < LIM_MAILS; i++)
        if (self->jobs[i].is_open) {
            if (self->jobs[i].text.at)
                sodium_memzero (self->jobs[i].text.at, self->jobs[i].text.cap);
            pt_buf_fini (&self->jobs[i].text);
        }
    free (self->dir);
    free (self);
    *self_p = NULL;
}
