/*  pt_limits.h - every maximum of the system, in one place, with its policy.

    A bound that two programs share is named here; a bound that only one
    file needs may live in that file.  Sizes are bytes, times milliseconds,
    unless the name says otherwise.  What happens at the maximum is stated
    beside each group. */

#ifndef PT_LIMITS_H
#define PT_LIMITS_H

/*  One frame between daemons.  Larger frames are refused by ZeroMQ
    (ZMQ_MAXMSGSIZE) and by the decoder with `too_large`. */
#define LIM_FRAME (1024 * 1024)
#define LIM_ENVELOPE 256

/*  The pre-scan refuses a body beyond these with `malformed`, before
    msgpack-c allocates anything.  A full sync_page has 664 thousand objects. */
#define LIM_SCAN_DEPTH 8
#define LIM_SCAN_OBJECTS (704 * 1024)

/*  Fields.  A longer value is `invalid` and names the field. */
#define LIM_TRACE 64
#define LIM_KEY 64
#define LIM_LOGIN 64
#define LIM_EMAIL 254
#define LIM_NAME 128
#define LIM_PASSWORD 1024
#define LIM_PASSWORD_HASH 256
#define LIM_DEVICE 128
#define LIM_TOKEN 2048
#define LIM_REFRESH 128
#define LIM_ADDRESS 64
#define LIM_PATH 128
#define LIM_FILE_NAME 255
#define LIM_MEDIA_TYPE 128
#define LIM_ENDPOINT 256
#define LIM_BLOB 128
#define LIM_SCOPES 64
#define LIM_TOKEN_PREFIX 16
#define LIM_SECRET_HASH 64
#define LIM_MAIL_KEY 128
#define LIM_ROOM_NAME 200 /* 50 characters of any script */
#define LIM_ROOM_TOPIC 1024
#define LIM_ROOM_ADDRESS 120
#define LIM_SEND_ID 64
#define LIM_BODY (16 * 1024)
#define LIM_QUERY 128
#define LIM_CURSOR 256
#define LIM_DETAIL 512
#define LIM_HASH 32
/*  Sequence numbers and epochs are JSON numbers: below 2^53. */
#define LIM_SEQ 9007199254740991u
#define LIM_ID 9223372036854775807u

/*  Lists.  A longer list is `invalid`. */
#define LIM_PAGE 200
#define LIM_PAGE_DEFAULT 50
#define LIM_SENDS 64                /* sends in one chat_send */
#define LIM_APPEND 64               /* entries in one store_append */
#define LIM_BATCH 512               /* entries in one transaction of store */
#define LIM_EVENT_ITEMS 64          /* items in one event */
#define LIM_ROOM_INVITES 100        /* members named when a room is made */
#define LIM_ROOM_PEOPLE 1000        /* members shown with a room; later ones are left out */
#define LIM_ROOM_DETAILS 32         /* rooms in one room_details; the rest is asked for again */
#define LIM_HEADS 1024              /* rooms in one question for heads */
#define LIM_SYNC_ROOMS 100          /* rooms in one sync */
#define LIM_SYNC_ITEMS 50           /* items a room in one sync */
#define LIM_SYNC_MEMBERS 50         /* members a room in one sync */
#define LIM_RANGE 256               /* items in one answer to a gap */
#define LIM_VERIFY_ROOMS 32         /* rooms in one store_verify */
#define LIM_VERIFY_ITEMS 16384      /* items, and members, looked at in one store_verify, its rooms together */
#define LIM_PAGE_BYTES (768 * 1024) /* items stop here, `more` is set */
#define LIM_FIELD_ERRORS 16         /* later ones are left out */
#define LIM_KEYS 8                  /* signing keys valid at one time */
#define LIM_WORKERS 256             /* live instances one broker lists */
#define LIM_CREDENTIALS 200         /* live ones of one account and kind; a new one ends the oldest */
#define LIM_REVOKED_PAGE 4096       /* revocations in one page */
#define LIM_MAILS 16                /* mails taken at a time */
#define LIM_AUDIT_BATCH 64          /* entries in one store_audit_create */
#define LIM_ATTACHMENTS 10          /* files in one message */
#define LIM_FILES 50000             /* files of one account, uploads under way among them; quota_exceeded */
#define LIM_CONTACTS 10000          /* accounts that one account has asked to be friends; too_many */
#define LIM_PEOPLE_FOUND 10000      /* accounts that one search counts; later ones are not found */
#define LIM_HOPS 512                /* hops in one answer of a trace; `more` is set */

/*  The channel layer.  Longer names, messages and waits are `invalid`; what chat keeps of
    them is bounded in chat_channel.h and chat_group.h. */
#define LIM_CHANNEL 100
#define LIM_CHANNEL_MESSAGE (16 * 1024)
#define LIM_CHANNEL_WAIT_MS 20000 /* below LIM_DEADLINE_MS: there is time for the answer */

/*  The bus.  A full queue or table answers `busy` at once. */
#define LIM_BROKERS 8
#define LIM_SERVICE_QUEUE 4096 /* requests one broker holds for a service */
#define LIM_PEERS 1024         /* clients and workers of one broker */
#define LIM_CALLS 8192         /* outstanding calls of one client */
#define LIM_CREDIT 1024        /* requests in one worker at a time */
#define LIM_RESENDS 8          /* tries of one call within its deadline */
#define LIM_RESEND_MIN_MS 250
#define LIM_RESEND_MAX_MS 2000 /* after an outage the percentiles tell of the outage */
#define LIM_HEARTBEAT_MS 1000
#define LIM_HEARTBEAT_TTL_MS 3000
#define LIM_CONNECT_MS 1000    /* one attempt to connect; then the next */
#define LIM_DEADLINE_MS 30000  /* a larger one is cut to this */
#define LIM_DEDUP_WINDOW 1024  /* events remembered of one publisher */
#define LIM_HWM 10000          /* ZeroMQ queue, messages; PUB drops when full */
#define LIM_DRAIN_PER_TURN 256 /* frames read from one socket a loop turn */

/*  Revocation.  A gateway that could not ask for so long answers `unavailable` and
    holds deliveries back; revocations are kept longer than any access token lives. */
#define LIM_REVOKED_POLL_MS 1000
#define LIM_REVOKED_BLIND_MS 60000
#define LIM_REVOKED_KEPT_MS 90000000 /* 25 h; access tokens live a day at most */

/*  Bulk streams between gateways and drive.  The giver keeps to the credit; whoever
    hears nothing for LIM_BULK_IDLE_MS gives the stream up on both sides. */
#define LIM_BULK_CHUNK (256 * 1024)
#define LIM_BULK_WINDOW (1024 * 1024)
#define LIM_BULK_FRAMES 16    /* frames of one window, however small */
#define LIM_BULK_STREAMS 1024 /* of one process; `busy` */
#define LIM_BULK_KEEP_MS 5000
#define LIM_BULK_JOIN_MS 5000 /* from a grant to HELLO; `worker_lost` for who comes later */
#define LIM_BULK_IDLE_MS 30000

/*  HTTP and WebSocket. */
#define LIM_HTTP_HEADERS (16 * 1024) /* 431 and close */
#define LIM_HTTP_BODY (64 * 1024)    /* 413 and close */
#define LIM_HTTP_BODY_MS 10000       /* whole body; 408 and close */
#define LIM_HTTP_IDLE_MS 60000       /* keep-alive; closed */
#define LIM_WS_MESSAGE (64 * 1024)   /* 1009 */
#define LIM_WS_FRAGMENTS 64          /* 1008 */
#define LIM_WS_QUEUE (256 * 1024)    /* bytes queued to one socket; lag */
#define LIM_WS_STUCK_MS 30000        /* nothing taken for so long; 1013 */
#define LIM_WS_AUTH_MS 5000          /* 4408 */
#define LIM_WS_PING_MS 25000         /* ours; a missed pong closes */
#define LIM_WS_RATE 100              /* frames a second, sustained; 4429 */
#define LIM_WS_RATE_BURST 200
#define LIM_WS_ROOMS 1024     /* subscriptions of one socket; too_many */
#define LIM_WS_PENDING 256    /* unanswered requests of one socket; too_many */
#define LIM_CONNECTIONS 50000 /* sockets of one gateway, below RLIMIT_NOFILE */

/*  JSON at the edge; beyond it `malformed`. */
#define LIM_JSON_DEPTH 16

#endif
