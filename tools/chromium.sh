#!/usr/bin/env bash
# Makes sure that the browser tests find a Chromium; HEARTH_CHROMIUM names another one.
set -euo pipefail
for name in "${HEARTH_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  [ -n "$name" ] && command -v "$name" >/dev/null && exit 0
done
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
if command -v apt-get >/dev/null; then
  echo "Installing Chromium for the browser tests ..." >&2
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null
else
  echo "The browser tests need Chromium: install it, or name it in HEARTH_CHROMIUM." >&2
  exit 1
fi
