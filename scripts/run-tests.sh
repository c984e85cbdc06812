#!/bin/sh
# Runs tests in containers: scripts/run-tests.sh [njordr|heidrun|eikthyrnir|nornen|vedrfolnir|edda|all]
set -eu
cd "$(dirname "$0")/.."
if docker compose version >/dev/null 2>&1; then
  compose='docker compose'
else
  # Compose 1 knows the classic builder only.
  compose=docker-compose
  export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
fi
code=0
$compose -f docker-compose.test.yml build "${1:-all}-test" &&
  $compose -f docker-compose.test.yml run --rm "${1:-all}-test" || code=$?
$compose -f docker-compose.test.yml down --volumes
exit "$code"
