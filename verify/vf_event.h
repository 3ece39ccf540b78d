/*  vf_event - one line of a client's log: something it was about to do, or saw.
    tests/faults/README.md tells what each kind means. */

#ifndef VF_EVENT_H
#define VF_EVENT_H

#include "pt_message.h"

typedef enum { VF_INVOKE = 1, VF_OK, VF_FAIL, VF_INFO } vf_op_t;

typedef enum {
    VF_CLIENT = 1,
    VF_CONN,
    VF_CLOSE,
    VF_SUB,
    VF_SEND,
    VF_RECV,
    VF_RESET,
    VF_READ,
    VF_JOIN,
    VF_LEAVE,
    VF_KICK,
    VF_END,
    VF_FAULT,
    VF_STAT,
    VF_ITEM,
    VF_REVOKE,
    VF_USE,
    VF_HEARD
} vf_kind_t;

/*  Texts are borrowed; absent ones are empty, absent numbers 0. */
typedef struct {
    uint64_t mono_ns;
    int64_t wall_ns;
    pt_str_t client;
    vf_op_t op;
    vf_kind_t kind;
    uint64_t account;
    uint64_t session; /* credential, where one is told of */
    uint64_t room;
    uint64_t seq;
    uint64_t epoch;
    uint64_t head;
    pt_str_t cmid;
    uint64_t bodyhash; /* vf_hash of the body; 0 where there is none */
    pt_str_t gateway;
    pt_str_t err;
    pt_str_t what;
    bool recovered;
    bool duplicate;
    uint64_t rss; /* bytes */
    uint64_t fds;
    uint64_t cpu; /* percent of a core */
} vf_event_t;

/*  FNV-1a 64, the hash of bodies in logs; 0 only for what the function gives 0. */
uint64_t vf_hash (const void *bytes, size_t len);

#endif
