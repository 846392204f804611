//! Functions that scripts call; only those that are called are printed.

/// By name, in the order in which they are printed.
pub(crate) const HELPERS: [(&str, &str); 20] = [
    (
        "json_list",
        r#"json_list() { # TEXT: as a list of JSON; it may be one
  case $1 in
    \[*) printf %s "$1" ;;
    *) printf '["%s"]' "$1" ;;
  esac
}"#,
    ),
    (
        "some_secrets",
        r#"some_secrets() { # NAME...: for the commands that this shell starts
  local name
  for name; do
    export "${name?}"
    [[ $name == TF_VAR_* ]] || export "TF_VAR_${name,,}=${!name}"
  done
}"#,
    ),
    (
        "confirm",
        r#"confirm() { # QUESTION NAME
  local answer
  read -r -p "$1. Type \`$2\` to go on: " answer && [ "$answer" = "$2" ]
}"#,
    ),
    (
        "retry",
        r#"retry() { # ATTEMPTS EVERY PATTERN COMMAND...: tried again while what it says matches
  local attempts=$1 every=$2 pattern=$3 try log started
  shift 3
  log=$(mktemp) || return 1
  for ((try = 1; try <= attempts; try++)); do
    started=$SECONDS
    if "$@" 2>&1 | tee "$log" >&2; then
      rm -f -- "$log"
      return 0
    fi
    if ((try == attempts)) || ! grep -Eiq -- "$pattern" "$log"; then break; fi
    echo "failed at try $try of $attempts" >&2
    if ((every > SECONDS - started)); then sleep "$((every - (SECONDS - started)))"; fi
  done
  rm -f -- "$log"
  return 1
}"#,
    ),
    (
        "wait_for",
        r#"wait_for() { # WHAT ATTEMPTS EVERY-IN-MILLISECONDS COMMAND...
  local what=$1 attempts=$2 every=$3 try started pause
  shift 3
  for ((try = 1; try <= attempts; try++)); do
    started=${EPOCHREALTIME/[.,]/}
    if "$@"; then return 0; fi
    echo "$try/$attempts: still waiting for $what" >&2
    pause=$((every * 1000 - (${EPOCHREALTIME/[.,]/} - started)))
    if ((try < attempts && pause > 0)); then
      sleep "$(printf '%d.%06d' "$((pause / 1000000))" "$((pause % 1000000))")"
    fi
  done
  echo "waited in vain for $what: tried $attempts times" >&2
  return 1
}"#,
    ),
    (
        "hold_for",
        r#"hold_for() { # WHAT ATTEMPTS EVERY-IN-MILLISECONDS HOLD-IN-MILLISECONDS BREAKS COMMAND...: no limit if BREAKS is -1
  local what=$1 attempts=$2 every=$3 hold=$4 breaks=$5 since='' bad=0 started pause
  shift 5
  while :; do
    started=${EPOCHREALTIME/[.,]/}
    if "$@"; then
      since=${since:-$started}
      pause=$((since + hold * 1000 - ${EPOCHREALTIME/[.,]/}))
      if ((started - since >= hold * 1000)); then return 0; fi
    else
      pause=$((every * 1000))
      if [ -n "$since" ] && ((breaks-- == 0)); then break; fi
      since=''
      if ((++bad >= attempts)); then break; fi
      echo "$bad/$attempts: still waiting for $what" >&2
    fi
    if ((pause > every * 1000 - (${EPOCHREALTIME/[.,]/} - started))); then
      pause=$((every * 1000 - (${EPOCHREALTIME/[.,]/} - started)))
    fi
    if ((pause > 0)); then
      sleep "$(printf '%d.%06d' "$((pause / 1000000))" "$((pause % 1000000))")"
    fi
  done
  echo "waited in vain for $what to stay good" >&2
  return 1
}"#,
    ),
    (
        "tcp_answers",
        r#"# shellcheck disable=SC2016 # for bash below, not for this one
tcp_answers() { # ADDRESS SECONDS
  local host=${1%:*} port=${1##*:}
  host=${host#[}
  timeout "$2" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${host%]}" "$port" 2>/dev/null
}"#,
    ),
    (
        "http_answers",
        r#"http_answers() { # URL SECONDS STATUS-PATTERN BODY-PATTERN CURL-ARGUMENT...; header lines on standard input
  local url=$1 seconds=$2 status=$3 pattern=$4 body code
  shift 4
  body=$(mktemp) || return 1
  code=$(curl -sS -o "$body" -w '%{http_code}' --max-time "$seconds" -H @- "$@" -- "$url") || code=000
  if [[ $code =~ ^($status)$ ]] && { [ -z "$pattern" ] || grep -Eq -- "$pattern" "$body"; } &&
    "${judge:-true}" "$body"; then
    rm -f -- "$body"
    return 0
  fi
  echo "last: status $code" >&2
  rm -f -- "$body"
  return 1
}"#,
    ),
    (
        "json_is",
        r#"json_is() { # FILE PATH VALUE: the value is text, or JSON
  wanted=$3 jq -e "($2) as \$found | (\$found == env.wanted) or ((\$found | tojson) == env.wanted)" "$1" >/dev/null 2>&1
}"#,
    ),
    (
        "json_text",
        r#"json_text() { # VALUE: as it stands inside a text of JSON
  local value=${1//\\/\\\\}
  value=${value//\"/\\\"} value=${value//$'\n'/\\n} value=${value//$'\r'/\\r} value=${value//$'\t'/\\t}
  printf %s "$value"
}"#,
    ),
    (
        "curl_line",
        r#"curl_line() { # NAME VALUE: a line for curl --config
  local value=${2//\\/\\\\}
  value=${value//\"/\\\"} value=${value//$'\n'/\\n} value=${value//$'\r'/\\r} value=${value//$'\t'/\\t}
  printf '%s = "%s"\n' "$1" "$value"
}"#,
    ),
    (
        "http_call",
        r#"http_call() { # METHOD URL SECONDS STATUS-PATTERN CURL-ARGUMENT...; lines for curl --config on standard input
  local method=$1 url=$2 seconds=$3 status=$4 body code
  shift 4
  body=$(mktemp) || return 1
  code=$(curl -sS --config - --request "$method" -o "$body" -w '%{http_code}' --max-time "$seconds" \
    --max-filesize 5242880 "$@" -- "$url") || code=000
  if [[ $code =~ ^($status)$ ]]; then
    rm -f -- "$body"
    return 0
  fi
  echo "$method $url: status $code" >&2
  head -n 5 -- "$body" >&2
  rm -f -- "$body"
  return 1
}"#,
    ),
    (
        "tls_is_good",
        r#"tls_is_good() { # NAME:PORT SECONDS DAYS-LEFT ISSUER OPENSSL-ARGUMENT...
  local name=${1%:*} address=$1 seconds=$2 days=$3 issuer=$4 certificate
  shift 4
  certificate=$(timeout "$seconds" openssl s_client -connect "$address" -servername "$name" -verify_hostname "$name" \
    -verify_return_error "$@" </dev/null 2>/dev/null) || return 1
  openssl x509 -noout -checkend "$((days * 86400))" <<<"$certificate" >/dev/null || return 1
  openssl x509 -noout -issuer -nameopt RFC2253,sep_comma_plus_space,-esc_msb <<<"$certificate" | grep -Fq -- "$issuer"
}"#,
    ),
    (
        "matches",
        r#"matches() { # PATTERN COMMAND...
  local pattern=$1 said
  shift
  said=$("$@") && grep -Eq -- "$pattern" <<<"$said"
}"#,
    ),
    (
        "found",
        r#"found() { # PATTERN: its first group, or all that it matches, in a line of standard input
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    if [[ $line =~ $1 ]]; then
      printf '%s\n' "${BASH_REMATCH[1]-${BASH_REMATCH[0]}}"
      cat >/dev/null
      return 0
    fi
  done
  return 1
}"#,
    ),
    (
        "caddy_upstreams",
        r#"# shellcheck disable=SC2016 # for jq, not for this shell
caddy_upstreams() { # URL BLUE GREEN [PARTS PARTS]: prints what each side gets, or sets it
  local url=$1 sides one=${4:-} other=${5:-}
  sides=(--arg blue "$2" --arg green "$3")
  if [ $# -lt 4 ]; then
    curl -fsS --max-time 10 -- "$url/upstreams" |
      jq -er "${sides[@]}" '"\(map(select(.dial == $blue)) | length) \(map(select(.dial == $green)) | length)"'
    return
  fi
  while ((other > 0)); do read -r one other <<<"$other $((one % other))"; done
  curl -fsS --max-time 10 -- "$url/upstreams" |
    jq -ec "${sides[@]}" --argjson b "$(($4 / one))" --argjson g "$(($5 / one))" \
      '.[0] as $one | [range($b) | $one + {dial: $blue}] + [range($g) | $one + {dial: $green}]' |
    curl -fsS --max-time 10 -X PATCH -H 'Content-Type: application/json' --data-binary @- -- "$url/upstreams"
}"#,
    ),
    (
        "traffic_to",
        r#"traffic_moved=()
traffic_to() { # ROUTE SHARE: of green in percent, or blue, green, idle; what was there returns when the script ends badly
  local route=$1 share=$2 before blue green
  before=$("traffic_get_$route") || return 1
  read -r blue green <<<"$before"
  case $share in
    blue) share=0 ;;
    green) share=100 ;;
    idle)
      if ((blue > 0 && green == 0)); then share=100; elif ((blue == 0 && green > 0)); then share=0; else
        echo "no side of $route gets nothing: blue $blue, green $green" >&2
        return 1
      fi
      ;;
  esac
  [[ " ${traffic_moved[*]-}" == *" $route="* ]] || traffic_moved+=("$route=$before")
  trap traffic_back EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  traffic_set "$route" "$((100 - share))" "$share"
}
traffic_set() { # ROUTE BLUE GREEN
  local now blue green try
  "traffic_set_$1" "$2" "$3" || return 1
  for ((try = 1; try <= 60; try++)); do
    if now=$("traffic_get_$1") && read -r blue green <<<"$now" && ((blue + green > 0 && blue * $3 == green * $2)); then
      return 0
    fi
    sleep 1
  done
  echo "$1 does not say blue $2, green $3: $now" >&2
  return 1
}
traffic_back() {
  local code=$? moved blue green
  trap - EXIT
  trap '' INT TERM
  for moved in "${traffic_moved[@]}"; do
    read -r blue green <<<"${moved#*=}"
    echo "==> traffic ${moved%%=*} back: blue $blue, green $green" >&2
    traffic_set "${moved%%=*}" "$blue" "$green" || echo "error: the traffic of ${moved%%=*} is not what it was" >&2
  done
  exit "$code"
}"#,
    ),
    (
        "is_set",
        r"is_set() { # VALUE: neither empty nor false
  case $1 in '' | false | null | '[]' | '{}') return 1 ;; esac
}",
    ),
    (
        "container_variables",
        r#"container_variables() { # names of those that tools in containers get: docker takes the values from here
  local own='PATH|HOME|PWD|OLDPWD|SHLVL|_|SHELL|HOSTNAME|TMPDIR|TMP|TEMP|MAIL|DISPLAY|EDITOR|VISUAL|PAGER'
  own+='|VIRTUAL_ENV|LS_COLORS|MANPATH|INFOPATH|JAVA_HOME|GOPATH|GOROOT|TERMINFO|LESSOPEN|LESSCLOSE|WINDOWID|WAYLAND_DISPLAY|XAUTHORITY|BASH_ENV|ENV|ZDOTDIR'
  compgen -e | grep -vxE -e "$own" -e '(XDG_|DBUS_|LD_|DYLD_|PYTHON|CONDA_|NVM_|DOCKER_|SOPS_|INFRACTL_).*'
}"#,
    ),
    (
        "entry",
        r#"entry() { # DIALECT KEY VALUE: a line of the environment file, or a refusal
  local dialect=$1 key=$2 value=$3 safe='^[][A-Za-z0-9!%*+,./:=?@^_{}-]*$' quote="'\\''"
  if [[ $value =~ $safe ]] || { [ "$dialect" = docker ] && [[ $value != *$'\n'* ]]; }; then
    printf '%s=%s\n' "$key" "$value"
  elif [ "$dialect" = shell ]; then
    printf "%s='%s'\n" "$key" "${value//\'/"$quote"}"
  elif [ "$dialect" = compose ] && ! [[ $value =~ ^[\'\"[:space:]] || $value =~ [[:space:]]$ || $value =~ [[:space:]]\# ||
    $value == *\$* || $value == *$'\n'* || $value == *$'\r'* ]]; then
    printf '%s=%s\n' "$key" "$value"
  elif [[ $dialect != docker && $value != *\'* && $value != *\\* && $value != *\$\{* && $value != *$'\r'* ]]; then
    printf "%s='%s'\n" "$key" "$value"
  else
    echo "\`$key\` cannot be written for \`$dialect\`" >&2
    return 1
  fi
}"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::container::{OWN, OWN_BEGIN};

    #[test]
    fn a_container_gets_the_same_variables_from_a_script() {
        let (_, helper) = HELPERS.iter().find(|(name, _)| *name == "container_variables").unwrap();
        let mut words: Vec<&str> = helper.split(['\'', '|', '(', ')']).collect();
        words.retain(|word| !word.is_empty());
        for name in OWN.iter().chain(&OWN_BEGIN) {
            assert!(words.contains(name), "{name}");
        }
    }
}
