/*  sv_curl - libcurl on our loop: transfers that never block it, bounded in number
    and in time.

    Not part of libparley-common: only the programs that link libcurl compile it.
    Every handle starts with what is safe: the protocols named and no others, no
    redirects, no proxy and no .netrc of the environment, certificates verified, a
    deadline for the whole; what libcurl would block for at the end is not waited for.  libcurl's own sentences are
   passed on only as far as they are constants: what a server said may hold an address. */

#ifndef SV_CURL_H
#define SV_CURL_H

#include "sv_loop.h"
#include <curl/curl.h>

typedef struct sv_curl sv_curl_t;

/*  Longest time until a connection is there. */
#define SV_CURL_CONNECT_MS 10000

typedef struct {
    CURLcode code;    /* CURLE_OK: all went well */
    long response;    /* last response code of the protocol, 0: none */
    const char *text; /* of `code`; a constant */
} sv_curl_result_t;

/*  Called once for each transfer that was started, from the loop, unless the
    object is destroyed before. */
typedef void (sv_curl_fn) (void *arg, const sv_curl_result_t *result);

/*  At most `most` transfers at a time.  NULL when out of memory. */
sv_curl_t *sv_curl_new (sv_loop_t *loop, unsigned most);

/*  Ends every transfer where it is. */
void sv_curl_destroy (sv_curl_t **self_p);

/*  A handle with safe settings for `url`, which may use `protocols` ("smtp,smtps");
    the caller adds its own, then starts it, or frees it with curl_easy_cleanup.
    NULL when out of memory or when libcurl does not know a protocol. */
CURL *sv_curl_open (const char *url, const char *protocols, uint32_t deadline_ms);

/*  Starts the transfer.  Consumes the handle in any case.  0; -PT_E_busy when
    there are too many; -PT_E_memory; `fn` is called only when 0 was returned, and
    never from within. */
PT_MUSTCHECK int sv_curl_start (sv_curl_t *self, CURL **handle_p, sv_curl_fn *fn, void *arg);

/*  Transfers that have not ended. */
unsigned sv_curl_open_count (const sv_curl_t *self);

#endif
