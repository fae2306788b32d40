# Starts the emulator in the background and waits for it; what later steps need is written where GitHub reads it.
# SCENARIO names the scenario that plays; ARGUMENTS are more arguments of `akashml-emulator serve`.
set -euo pipefail
folder=$(mktemp -d)
read -ra arguments <<<"${ARGUMENTS:-}"
[ -z "${SCENARIO:-}" ] || arguments+=(--scenario "$SCENARIO")
akashml-emulator serve --port 0 --port-file "$folder/port" --print nothing "${arguments[@]}" >"$folder/log" 2>&1 &
for _ in $(seq 300); do
  if [ -s "$folder/port" ]; then break; fi
  if ! kill -0 $! 2>/dev/null; then cat "$folder/log" >&2; exit 1; fi
  sleep 0.1
done
url="http://127.0.0.1:$(cat "$folder/port")"
akashml-emulator wait "$url"
echo "url=$url" >>"$GITHUB_OUTPUT"
cat >>"$GITHUB_ENV" <<END
OPENAI_BASE_URL=$url/v1
OPENAI_API_KEY=akml-local
ANTHROPIC_BASE_URL=$url/anthropic
ANTHROPIC_AUTH_TOKEN=akml-local
END
