#!/bin/sh
# Report an error to Jinkies with curl: with a token, and with a signature.
#   JINKIES_URL=http://127.0.0.1:8080 JINKIES_SECRET=... sh examples/curl.sh
set -eu
: "${JINKIES_URL:=http://127.0.0.1:8080}"
: "${JINKIES_SECRET:?set it to the value of WEBHOOK_SECRET}"

# 1. A token, the simplest proof. Use it over https only.
curl --fail-with-body --silent --show-error \
  --header "Authorization: Bearer $JINKIES_SECRET" \
  --data '{"service": "backup", "message": "nightly backup failed", "severity": "error"}' \
  "$JINKIES_URL/webhook/generic"
echo

# 2. A signature: the secret itself is never sent, and what was recorded is of no use after
#    five minutes. It covers the bytes of the body exactly as they are sent.
body='{"service": "backup", "message": "nightly backup failed", "labels": {"host": "db-1"}}'
timestamp=$(date +%s)
signature=$(printf 'v1:%s:%s' "$timestamp" "$body" |
  openssl dgst -sha256 -hmac "$JINKIES_SECRET" | sed 's/^.* //')
curl --fail-with-body --silent --show-error \
  --header "X-Jinkies-Timestamp: $timestamp" \
  --header "X-Jinkies-Signature: v1=$signature" \
  --data "$body" \
  "$JINKIES_URL/webhook/generic"
echo
