/*  sv_version - the version of every program of this tree. */

#ifndef SV_VERSION_H
#define SV_VERSION_H

#define SV_VERSION "0.1.0"

#endif
