/*  gw_ws_progress - telling the sockets of an account how far its transfers have come. */

#include "gw_revoked.h"
#include "gw_text.h"
#include "gw_ws_priv.h"

static void s_number (pt_buf_t *text, const char *name, uint64_t value)
{
    pt_buf_puts (text, name);
    gw_text_u64 (text, value);
}

static void s_text (pt_buf_t *text, const char *name, pt_str_t value)
{
    pt_buf_puts (text, name);
    gw_text_str (text, value.at, value.len);
}

static void s_tell (gw_ws_t *ws, const pt_drive_progress_t *progress)
{
    pt_buf_t *text = gw_ws_begin_event (ws, "drive.progress");
    pt_buf_puts (text, ",\"transfer\":");
    gw_text_id (text, progress->transfer);
    s_text (text, ",\"direction\":", progress->direction);
    s_text (text, ",\"state\":", progress->state);
    s_number (text, ",\"acked\":", progress->acked);
    if (progress->has_total)
        s_number (text, ",\"total\":", progress->total);
    if (progress->has_rate)
        s_number (text, ",\"rate\":", progress->rate);
    if (progress->has_reason)
        s_text (text, ",\"reason\":", progress->reason);
    gw_ws_end (ws, "}");
}

/*  Who may not read is told nothing, and nobody is while it is unknown who is signed out: an
    event is a hint, the file tells the rest. */
void gw_sessions_progress (gw_sessions_t *self, const pt_drive_progress_t *progress)
{
    if (gw_revoked_is_blind (self->gw->revoked, sv_now_ms ()))
        return;
    for (gw_ws_t *ws = gw_idmap_get (&self->accounts, progress->account); ws; ws = ws->account_next)
        if (!ws->is_closing && gw_identity_may (&ws->identity, GW_SCOPE_READ) == 0)
            s_tell (ws, progress);
}
