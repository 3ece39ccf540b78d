/*  fuzz_token - a public key and a token it verifies, both made once for the
    fuzz target alone: the private half was thrown away. */

#ifndef FUZZ_TOKEN_H
#define FUZZ_TOKEN_H

#define FUZZ_TOKEN_JWK                                                                                                 \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"-j1rjm-BlJjRlSyDFTsm3foGMXy9hGFug9rh7GZZZSw\","                         \
    "\"y\":\"FqmdJjPPdDKpcEb2nmwIU2-C6BNY_GxFNpbuFP89Gls\"}"
#define FUZZ_TOKEN_GOOD                                                                                                \
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsxIn0.eyJpc3MiOiJwYXJsZXki"                                     \
    "LCJhdWQiOiJwYXJsZXkiLCJzdWIiOiI3Iiwic2lkIjoiNDIiLCJpYXQiOjEsIm5iZiI6MSwiZXhw"                                     \
    "IjoyNTM0MDIzMDA3OTl9.99fugkq6mgFX2WDTOunSCPqlLduaqGpFa9FixpHS_SmIZnMM2Ztovtm"                                     \
    "CrHx57IOecAsvKQFlkCHp9d67qPPX6g"

#endif
