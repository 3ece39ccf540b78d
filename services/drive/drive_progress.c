/*  drive_progress - tells an account how its uploads go on. */

#include "drive_progress.h"

/*  'd', and the account in 8 bytes, big-endian. */
#define S_TOPIC 9

static void s_put_topic (uint64_t account, uint8_t out[S_TOPIC])
{
    out[0] = 'd';
    for (unsigned i = 0; i < 8; i++)
        out[1 + i] = (uint8_t)(account >> (56 - 8 * i));
}

void drive_progress (const drive_t *drive, drive_progress_t *self, const char *state, uint64_t acked,
                     const char *reason, bool is_last)
{
    uint64_t now_ms = sv_now_ms (), since_ms = now_ms - self->told_ms;
    if (!is_last && since_ms < DRIVE_PROGRESS_MS)
        return;
    bool has_rate = self->told_ms != 0 && acked > self->told_bytes && since_ms > 0;
    pt_drive_progress_t event = {.account = self->account,
                                 .transfer = self->upload,
                                 .direction = PT_LIT ("up"),
                                 .state = pt_str (state),
                                 .acked = acked,
                                 .total = self->total,
                                 .has_total = self->total > 0,
                                 .rate = has_rate ? (acked - self->told_bytes) * 1000 / since_ms : 0,
                                 .has_rate = has_rate,
                                 .reason = pt_str (reason ? reason : ""),
                                 .has_reason = reason && reason[0] != 0};
    uint8_t topic[S_TOPIC];
    s_put_topic (self->account, topic);
    self->told_ms = now_ms;
    self->told_bytes = acked;
    if (sv_bus_publish (drive->bus, topic, sizeof topic, PT_EV_drive_progress, &event) != 0)
        sv_log (drive->log, SV_WARN, NULL, "the progress of an upload could not be told");
}
