/*  deaf - a listener that answers nobody, as a server behind a cut: its queue is
    full, so that the kernel drops every further SYN. */

#ifndef DEAF_H
#define DEAF_H

#define DEAF_FDS 3

/*  Fills `fds` (the listener is first) and returns the port on loopback; fails
    the test when there is none. */
unsigned deaf_listen (int fds[DEAF_FDS]);

void deaf_close (const int fds[DEAF_FDS]);

#endif
