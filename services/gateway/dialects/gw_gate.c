/*  gw_gate - see gw_gate.h. */

#include "gw_gate.h"
#include "gw_voices.h"
#include "sv_address.h"

#define S_DEADLINE_MS 5000

bool gw_gate_name (pt_str_t path, pt_str_t *out_name)
{
    static const char start[] = GW_GATE_PATH;
    const size_t len = sizeof start - 1;
    if (path.len < len + 2 || memcmp (path.at, start, len) != 0 || path.at[path.len - 1] != '/')
        return false;
    *out_name = (pt_str_t){path.at + len, path.len - (uint32_t)len - 1};
    return true;
}

int gw_gate_begin (gw_gate_t *self, pt_str_t name)
{
    self->dialect = sv_address_dialect (name);
    if (self->dialect == PT_room_dialect_none || name.len > LIM_ROOM_ADDRESS)
        return -PT_E_not_found;
    memcpy (self->place.address, name.at, name.len);
    self->place.address[name.len] = '\0';
    self->place.voice = gw_voices_of (self->dialect);
    return 0;
}

/* ---- asking ----------------------------------------------------------------------- */

static void s_on_found (void *arg, const sv_reply_t *reply);

/*  Digits alone.  False: no id is as great. */
static bool s_read_id (pt_str_t name, uint64_t *out)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < name.len; i++) {
        if (value > LIM_ID / 10)
            return false;
        value = value * 10 + (uint64_t)(name.at[i] - '0');
    }
    *out = value;
    return value > 0 && value <= LIM_ID;
}

/*  The room by what its dialect calls it.  False: no room can be called that. */
static bool s_put_name (const gw_gate_t *self, pt_room_find_t *find)
{
    pt_str_t name = pt_str (self->place.address);
    if (self->dialect == PT_room_dialect_PUBLIC)
        return (find->has_room = s_read_id (name, &find->room));
    if (self->dialect == PT_room_dialect_CHAT) {
        find->uuid = name;
        find->has_uuid = true;
    } else {
        find->address = name;
        find->has_address = true;
    }
    return true;
}

static int s_ask (gw_gate_t *self, pt_room_dialect_t dialect)
{
    pt_room_find_t find = {.dialect = dialect, .brief = true, .has_brief = true};
    int err = 0;
    if (!s_put_name (self, &find))
        return -PT_E_forbidden;
    if (self->identity) {
        find.account = self->identity->account;
        find.has_account = true;
    }
    sv_call_t call = {.opcode = PT_OP_chat_room_find, .msg = &find, .deadline_ms = S_DEADLINE_MS, .trace = self->trace};
    self->place.voice = gw_voices_of (dialect);
    self->call = sv_bus_call (self->gw->bus, &call, s_on_found, self, &err);
    return self->call ? GW_GATE_LATER : err;
}

/*  A room of members may have any name: it is looked for first. */
static int s_begin (gw_gate_t *self)
{
    if (gw_voices_of (self->dialect)->needs_account && !self->identity)
        return -PT_E_forbidden;
    if (self->identity && gw_identity_may (self->identity, GW_SCOPE_READ) != 0)
        return -PT_E_forbidden;
    bool is_any = self->dialect == PT_room_dialect_OPEN;
    return s_ask (self, is_any ? PT_room_dialect_MEMBER : self->dialect);
}

/* ---- judging ------------------------------------------------------------------------ */

static int s_enter_room (gw_gate_t *self, const pt_room_t *room)
{
    const gw_voice_t *voice = self->place.voice;
    if (voice->needs_account && !self->identity)
        return -PT_E_forbidden;
    if (!voice->is_open && voice->has_items && !room->has_role)
        return -PT_E_forbidden;
    self->place.room = room->id;
    self->place.head = room->head;
    self->place.floor = room->floor;
    return 0;
}

/*  Who shows a credential has a room in mind, and is not given another. */
static int s_miss_room (gw_gate_t *self)
{
    if (self->dialect != PT_room_dialect_OPEN)
        return -PT_E_forbidden;
    if (self->place.voice->dialect == PT_room_dialect_MEMBER)
        return s_ask (self, PT_room_dialect_OPEN);
    return self->was_shown ? -PT_E_forbidden : 0;
}

static int s_judge (gw_gate_t *self, const sv_reply_t *reply)
{
    if (!reply->status)
        return s_enter_room (self, ((const pt_room_detail_t *)reply->msg)->room);
    if (pt_error_is_transient (reply->status))
        return reply->status;
    return reply->status == -PT_E_not_found ? s_miss_room (self) : -PT_E_forbidden;
}

static int s_settle (gw_gate_t *self, int err)
{
    self->err = err;
    self->is_asking = err == GW_GATE_LATER;
    self->is_decided = !self->is_asking;
    return err;
}

static void s_on_found (void *arg, const sv_reply_t *reply)
{
    gw_gate_t *self = arg;
    self->call = 0;
    if (s_settle (self, s_judge (self, reply)) != GW_GATE_LATER)
        self->fn (self->arg);
}

int gw_gate_enter (gw_gate_t *self)
{
    return s_settle (self, s_begin (self));
}

void gw_gate_cancel (gw_gate_t *self)
{
    if (self->call)
        sv_bus_cancel (self->gw->bus, self->call);
    self->call = 0;
    self->is_asking = false;
}
