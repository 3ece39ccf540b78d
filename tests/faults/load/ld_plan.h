/*  ld_plan - what a run is: gateways, clients, rooms and rates, from a JSON file. */

#ifndef LD_PLAN_H
#define LD_PLAN_H

#include "ld_body.h"
#include <netinet/in.h>

/*  A plan beyond these is refused. */
#define LD_GATEWAYS_MAX 16
#define LD_CLIENTS_MAX 20000
#define LD_ROOMS_MAX 64 /* of one client */
#define LD_KICKS_MAX 64
#define LD_TOKEN_MAX 4096
#define LD_RATE_MAX 100000
#define LD_LOGIN_MAX 64
#define LD_SECRET_MAX 128
#define LD_SCHEME_MAX 16

typedef enum {
    LD_NORMAL,  /* reads at once, sends when it may */
    LD_SLOW,    /* reads slow_bytes a second through a small buffer */
    LD_STOPPED, /* stops reading when it is subscribed, until the end */
    LD_CHURN,   /* leaves its rooms and joins them again */
    LD_IDLE,    /* reads, and asks for nothing */
    LD_REVOKED  /* is signed out again and again, and signs in */
} ld_mode_t;

/*  How a client of LD_REVOKED is signed out. */
typedef enum {
    LD_WAY_ONE,      /* its session, by another one */
    LD_WAY_ALL,      /* everywhere */
    LD_WAY_PASSWORD, /* another session changes the password */
    LD_WAY_STAFF,    /* staff makes the account inactive, and active again */
    LD_WAYS
} ld_way_t;

typedef struct {
    char name[LD_NAME_MAX + 1];
    uint64_t account;
    char *token;
    ld_mode_t mode;
    bool sends;
    uint64_t *rooms;
    unsigned room_count;
    uint64_t *kicks; /* accounts that it removes from its rooms now and then */
    unsigned kick_count;
    char *login, *password; /* LD_REVOKED; else empty */
    char *speaks;           /* address of the one room whose dialect (members') it speaks; empty: a native client */
    char *scheme;           /* what kind of credential its token is, for the Authorization header */
    char *email;            /* as the members' dialect shows it; may be empty */
} ld_plan_client_t;

typedef struct {
    struct sockaddr_in address;
    char name[32]; /* host:port, for the Host header */
} ld_gateway_t;

typedef struct {
    ld_gateway_t gateways[LD_GATEWAYS_MAX];
    unsigned gateway_count;
    uint64_t rate;       /* sends a second of all clients */
    uint64_t seed;       /* of every choice */
    uint64_t window;     /* sends in flight a room */
    uint64_t answer_ms;  /* without an answer for so long: reconnect */
    uint64_t quiet_ms;   /* nothing heard for so long: ask with a ping */
    uint64_t slow_bytes; /* LD_SLOW: a second */
    uint64_t churn_ms;   /* about so long between two moves of a member of LD_CHURN, and two kicks */
    uint64_t revoke_ms;  /* about so long a client of LD_REVOKED is signed in */
    ld_way_t ways[LD_WAYS];
    unsigned way_count;
    char *staff; /* access token of one of staff; empty without */
    char *logs;  /* folder */
    ld_plan_client_t *clients;
    unsigned count;
} ld_plan_t;

/*  Longest sentence about a fault. */
#define LD_FAULT 256

/*  Reads and checks a plan.  0 (ld_plan_fini then frees), -PT_E_invalid with
    what is wrong in `fault`, -PT_E_memory. */
PT_MUSTCHECK int ld_plan_read (ld_plan_t *self, const char *path, char fault[LD_FAULT]);
void ld_plan_fini (ld_plan_t *self);

/*  Takes the tokens of the clients that `newer` names by the same name and
    account, out of it.  Returns how many changed. */
unsigned ld_plan_take_tokens (ld_plan_t *self, ld_plan_t *newer);

#endif
