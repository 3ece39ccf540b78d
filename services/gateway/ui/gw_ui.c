/*  gw_ui - pages for people: a beginning, signing in, open chats and numbered rooms. */

#include "gw_ui.h"
#include "gw_browser.h"
#include "gw_cookie.h"
#include "gw_shape.h"
#include "gw_ui_files.h"
#include "gw_ui_text.h"
#include "sv_address.h"
#include "sv_version.h"

/*  The longest page, and the longest `next`. */
#define PAGE (256 * 1024)
#define NEXT 1024

#define VALUES 16

static const char s_security[] = "Cache-Control: no-store\r\n"
                                 "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
                                 "img-src 'self'; connect-src 'self'; "
                                 "form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n";

typedef struct {
    const char *path; /* of the route that answers with it; NULL: none does */
    const char *name, *title, *script;
    bool is_form; /* one that works without scripts */
} page_t;

static const page_t s_home = {NULL, "home", "A chat backend", "", false};
static const page_t s_problem = {NULL, "problem", "That did not work", "", false};

static const page_t s_pages[] = {
    {"/api/auth/", "home", "A chat backend", "", false},
    {"/accounts/login/", "login", "Sign in", "", true},
    {"/chat/", "rooms", "Open chat", "", true},
    {"/chat/{room}/", "room", "Open chat", "room.js", false},
    {"/ui/login/", "public_login", "Sign in", "public_login.js", false},
    {"/ui/register/", "public_register", "Register", "public_register.js", false},
    {"/ui/rooms/", "public_rooms", "Rooms", "public_rooms.js", false},
    {"/ui/room/{int:room}/", "public_room", "Room", "public_room.js", false},
};

/* ---- pure -------------------------------------------------------------------------------- */

bool gw_ui_is_own (pt_str_t next)
{
    for (uint32_t i = 0; i < next.len; i++)
        if (next.at[i] <= ' ' || next.at[i] > '~' || next.at[i] == '\\')
            return false;
    return next.len > 0 && next.len <= NEXT && next.at[0] == '/' && (next.len == 1 || next.at[1] != '/');
}

bool gw_ui_is_room (pt_str_t name)
{
    return name.len <= SV_ADDRESS_OPEN_MAX && sv_address_dialect (name) != PT_room_dialect_none;
}

/* ---- what a page is filled with -------------------------------------------------------- */

static pt_str_t s_trim (pt_str_t text)
{
    for (; text.len > 0 && text.at[0] == ' '; text.at++)
        text.len--;
    while (text.len > 0 && text.at[text.len - 1] == ' ')
        text.len--;
    return text;
}

static pt_str_t s_posted (gw_request_t *request, const char *name)
{
    gw_dialect_body_t body;
    const char *detail;
    const pt_str_t bytes = {request->body.at, (uint32_t)request->body.len};
    if (pt_buf_error (&request->body) != 0 ||
        gw_dialect_body_read (&body, request->content_type, bytes, "errors", request->arena, &detail) != 0)
        return PT_LIT ("");
    const gw_value_t *field = gw_dialect_body_field (&body, name);
    return field && field->kind == GW_VALUE_TEXT ? field->text : PT_LIT ("");
}

pt_str_t gw_ui_field (gw_request_t *request, const char *name)
{
    if (request->method == GW_POST)
        return s_posted (request, name);
    const gw_pair_t *pair = gw_http_query (request, name);
    return pair ? (pt_str_t){pair->value, (uint32_t)pair->value_len} : PT_LIT ("");
}

pt_str_t gw_ui_next (gw_request_t *request)
{
    pt_str_t next = gw_ui_field (request, "next");
    return gw_ui_is_own (next) ? next : PT_LIT ("/");
}

/*  A session's cookie is taken at its word: what a page shows of it is a link in or out. */
static bool s_is_signed (gw_request_t *request)
{
    if (!request->proof.shown.cookies.at && gw_http_read_shown (request, &request->proof.shown) != 0)
        return false;
    return gw_cookie_is_key (gw_cookie_find (request->proof.shown.cookies, GW_COOKIE_SESSION));
}

/*  Where signing in leads back to the page, or to where its own `next` says. */
static const char *s_way_in (gw_request_t *request, bool is_chat)
{
    if (strncmp (request->path, "/ui/", 4) == 0)
        return "/ui/login/";
    const char *way = is_chat ? pt_arena_printf (request->arena, "/accounts/login/?next=%s", request->path) : NULL;
    return way ? way : "/accounts/login/";
}

/*  Appends the page; 0 or an error. */
static int s_write (pt_buf_t *out, gw_request_t *request, const page_t *page, const char *sentence)
{
    static const gw_pair_t none = {.value = ""};
    const gw_ui_file_t *file = gw_ui_files_page (page->name);
    const gw_pair_t *room = request->var_count > 0 ? &request->vars[0] : &none;
    const char *files = pt_arena_printf (request->arena, "/pages/%s", gw_ui_files_stamp ());
    bool is_signed = s_is_signed (request), is_chat = strncmp (request->path, "/chat/", 6) == 0;
    bool is_room = strcmp (page->name, "room") == 0;
    char csrf[GW_COOKIE_KEY + 1] = "";
    int err = page->is_form ? gw_browser_prove (request, csrf) : 0;
    const gw_ui_value_t values[VALUES] = {
        {"title", is_room ? (pt_str_t){room->value, (uint32_t)room->value_len} : pt_str (page->title)},
        {"files", pt_str (files ? files : "")},
        {"script", pt_str (page->script)},
        {"version", PT_LIT (SV_VERSION)},
        {"signed", pt_str (is_signed ? "yes" : "")},
        {"guest", pt_str (is_signed ? "" : "yes")},
        {"way_in", pt_str (s_way_in (request, is_chat))},
        {"csrf", pt_str (csrf)},
        {"error", pt_str (sentence)},
        {"next", page->is_form ? gw_ui_next (request) : PT_LIT ("")},
        {"login", page->is_form ? gw_ui_field (request, "login") : PT_LIT ("")},
        {"room_name", page->is_form ? gw_ui_field (request, "room_name") : PT_LIT ("")},
        {"room", {room->value, (uint32_t)room->value_len}},
    };
    if (err != 0 || !files || !file)
        return err != 0 ? err : -PT_E_memory;
    return gw_ui_text_write (out, (pt_str_t){(const char *)file->at, (uint32_t)file->len}, values);
}

static void s_answer (gw_request_t *request, int status, const page_t *page, const char *sentence)
{
    pt_buf_t body;
    pt_buf_init (&body, PAGE);
    int err = s_write (&body, request, page, sentence);
    const gw_answer_t answer = {
        .status = status, .type = GW_DIALECT_HTML, .security = s_security, .body = body.at, .len = body.len};
    if (err != 0)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else
        gw_http_answer (request, &answer);
    pt_buf_fini (&body);
}

/* ---- answering ------------------------------------------------------------------------------ */

static const page_t *s_page_of (const gw_request_t *request)
{
    for (size_t i = 0; request->first && i < sizeof s_pages / sizeof s_pages[0]; i++)
        if (strcmp (s_pages[i].path, request->first->path) == 0)
            return &s_pages[i];
    return &s_problem;
}

void gw_ui_home (gw_request_t *request)
{
    s_answer (request, 200, &s_home, "");
}

static void s_page (gw_request_t *request)
{
    s_answer (request, 200, s_page_of (request), "");
}

void gw_ui_again (gw_request_t *request, const char *sentence)
{
    s_answer (request, 400, s_page_of (request), sentence);
}

void gw_ui_go (gw_request_t *request, pt_str_t place)
{
    const char *line = pt_arena_printf (request->arena, "Location: %.*s\r\n", (int)place.len, place.at);
    if (line)
        gw_http_answer (request, &(gw_answer_t){.status = 302, .extra = line});
    else
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
}

static const char *s_sentence (const gw_dialect_problem_t *problem)
{
    static const struct {
        int err;
        const char *sentence;
    } rows[] = {
        {PT_E_bad_credentials, "Name and password do not belong together."},
        {PT_E_inactive, "Name and password do not belong together."},
        {PT_E_invalid, "Name and password do not belong together."},
        {PT_E_csrf_failed, "The form was open for too long, or cookies are off. Please send it once more."},
        {PT_E_too_many, "Too many tries. Please wait a little before the next one."},
        {PT_E_not_found, "There is no such page."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].err == -problem->err)
            return rows[i].sentence;
    return pt_error_http (problem->err) >= 500 ? "The server can not do that right now. Please try again in a moment."
                                               : pt_error_title (problem->err);
}

/*  A refused form is shown again; what else is refused gets a page that says so. */
static void s_write_refusal (pt_buf_t *out, gw_request_t *request, const gw_dialect_problem_t *problem)
{
    const page_t *page = s_page_of (request);
    if (!page->is_form)
        page = &s_problem;
    if (s_write (out, request, page, s_sentence (problem)) != 0)
        pt_buf_clear (out);
}

/* ---- open chats -------------------------------------------------------------------------------- */

static void s_enter (gw_request_t *request)
{
    pt_str_t name = s_trim (gw_ui_field (request, "room_name"));
    const char *place = pt_arena_printf (request->arena, "/chat/%.*s/", (int)name.len, name.at);
    if (!gw_ui_is_room (name))
        gw_ui_again (request, "A name has 1 to 100 letters, digits, _ and -.");
    else if (!place)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else
        gw_ui_go (request, pt_str (place));
}

static void s_room (gw_request_t *request)
{
    if (gw_ui_is_room (gw_dialect_var (request, "room")))
        s_page (request);
    else
        gw_http_fail (request, -PT_E_not_found, NULL, NULL);
}

/* ---- the table ------------------------------------------------------------------------------------ */

const gw_dialect_t gw_ui_dialect = {.name = "pages",
                                    .challenge = GW_CHALLENGE_NONE,
                                    .loose_key = "errors",
                                    .write_page = s_write_refusal,
                                    .security = s_security};

static const gw_shape_t s_html[] = {{"", GW_SHAPE_TEXT, 0, "a page"}, {0}};
static const gw_shape_t s_place[] = {{"Location", GW_SHAPE_URL, 0, "where to go on"}, {0}};
static const gw_shape_t s_returns[] = {
    {"next", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "path on this host to go to after signing in"}, {0}};
static const gw_shape_t s_sign_in[] = {
    {"login", GW_SHAPE_TEXT, 0, "sign-in name, or mail address"},
    {"password", GW_SHAPE_SECRET, 0, "password"},
    {"next", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "path on this host to go to; / when absent"},
    {"csrfmiddlewaretoken", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "the cookie csrftoken, unless in X-CSRFToken"},
    {0}};
static const gw_shape_t s_named[] = {
    {"room_name", GW_SHAPE_TEXT, 0, "1 to 100 letters, digits, _ and -"},
    {"csrfmiddlewaretoken", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "the cookie csrftoken, unless in X-CSRFToken"},
    {0}};

static const gw_spec_t s_page_spec = {.gives = s_html, .gives_media = "text/html"};
static const gw_spec_t s_login_spec = {.gives = s_html, .gives_media = "text/html", .query = s_returns};
static const gw_spec_t s_sign_in_spec = {.takes = s_sign_in, .tells = s_place};
static const gw_spec_t s_enter_spec = {.takes = s_named, .tells = s_place};
static const gw_spec_t s_go_spec = {.tells = s_place};

#define SHOWN (GW_OPEN | GW_NO_CALL | GW_PAGE)
#define FORM (GW_OPEN | GW_MAYBE | GW_PAGE | GW_PROVEN)

static const gw_route_t s_routes[] = {
    {GW_GET, "/api/auth/", 0, 200, SHOWN, 0, s_page, "A page: the beginning, with a link to sign in", &s_page_spec},
    {GW_GET, "/accounts/login/", 0, 200, SHOWN, 0, s_page, "A page: sign in", &s_login_spec},
    {GW_POST, "/accounts/login/", PT_OP_auth_session_create, 302, FORM | GW_COSTLY, 0, gw_ui_sign_in,
     "The form of that page", &s_sign_in_spec},
    {GW_GET, "/logout", PT_OP_auth_session_delete, 302, GW_ANYBODY | GW_PAGE, 0, gw_ui_sign_out,
     "Sign out: the session of the browser ends", &s_go_spec},
    {GW_GET, "/chat/", 0, 200, SHOWN, 0, s_page, "A page: name an open chat", &s_page_spec},
    {GW_POST, "/chat/", 0, 302, FORM | GW_NO_CALL, 0, s_enter, "The form of that page", &s_enter_spec},
    {GW_GET, "/chat/{room}/", 0, 200, SHOWN, 0, s_room, "A page: an open chat", &s_page_spec},
    {GW_GET, "/ui/login/", 0, 200, SHOWN, 0, s_page, "A page: sign in to the numbered rooms", &s_page_spec},
    {GW_GET, "/ui/register/", 0, 200, SHOWN, 0, s_page, "A page: register", &s_page_spec},
    {GW_GET, "/ui/rooms/", 0, 200, SHOWN, 0, s_page, "A page: the numbered rooms", &s_page_spec},
    {GW_GET, "/ui/room/{int:room}/", 0, 200, SHOWN, 0, s_page, "A page: one of them", &s_page_spec},
};

const gw_route_set_t gw_ui_routes = {"/", s_routes, sizeof s_routes / sizeof s_routes[0], &gw_ui_dialect};
