# Starts the emulator in the background and waits for it; what later steps need is written where GitHub reads it.
# SCENARIO names the scenario that plays; ARGUMENTS are more arguments of `akashml-emulator serve`.
set -euo pipefail
folder=$(mktemp -d)
read -ra arguments <<<"${ARGUMENTS:-}"
[ -z "${SCENARIO:-}" ] || arguments+=(--scenario "$SCENARIO")
akashml-emulator serve --port 0 --port-file "$folder/port" --print json "${arguments[@]}" >"$folder/ready" 2>"$folder/log" &
akashml-emulator wait --port-file "$folder/port" --pid $! || { cat "$folder/log" >&2; exit 1; }
url="http://127.0.0.1:$(cat "$folder/port")"
key=$(sed -n 's/.*"key": "\([^"]*\)".*/\1/p' "$folder/ready")
echo "url=$url" >>"$GITHUB_OUTPUT"
# Where other machines reach the emulator, /_emulator asks for a token, which the commands find in this variable.
token=$(sed -n 's/.*"control_token": "\([^"]*\)".*/\1/p' "$folder/ready")
[ -z "$token" ] || { echo "::add-mask::$token" && echo "AKASHML_EMULATOR_CONTROL_TOKEN=$token" >>"$GITHUB_ENV"; }
cat >>"$GITHUB_ENV" <<END
OPENAI_BASE_URL=$url/v1
OPENAI_API_KEY=$key
ANTHROPIC_BASE_URL=$url/anthropic
ANTHROPIC_AUTH_TOKEN=$key
NO_PROXY=${NO_PROXY:+$NO_PROXY,}127.0.0.1,localhost
no_proxy=${no_proxy:+$no_proxy,}127.0.0.1,localhost
END
