/*  fuzz_token - a public key and a token it verifies, both made once for the
    fuzz target alone: the private half was thrown away. */

#ifndef FUZZ_TOKEN_H
#define FUZZ_TOKEN_H

#define FUZZ_TOKEN_JWK                                                                                                 \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"6YanmlP7Qj1-5r2NDeP2Y3XsvKWVgBqnR-4Yvto2nzY\","                         \
    "\"y\":\"WWnPlGt0off7Mf0bS02lnDRYGSTWxE-YuryD14c0sh8\"}"
#define FUZZ_TOKEN_GOOD                                                                                                \
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0.eyJ0b2tlbl90eXBlIjoiYWNj"                                     \
    "ZXNzIiwiaXNzIjoicGFybGV5IiwiYXVkIjoicGFybGV5Iiwic3ViIjoiNyIsInNpZCI6IjQyIiwi"                                     \
    "aWF0IjoxLCJuYmYiOjEsImV4cCI6MjUzNDAyMzAwNzk5fQ.ywk-LoAMeDNG4UyekWmJZBDBQ6C3z"                                     \
    "6uJdkwrxyPa7NE-7s53XWolbFXZBCMrGWjotezGzPrhPkFCpsEGWq07yQ"

#endif
